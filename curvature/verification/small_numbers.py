"""Numbers that a person can read: whole numbers and eighths, the simplest first, so that shrinking ends at those."""

from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]

# Strategies are immutable; making them again for every draw would take longer than the draw.


@lru_cache
def eighths(largest: float = 2.0, *, nonzero: bool = False, positive: bool = False) -> SearchStrategy[float]:
    """Multiples of 1/8 up to `largest` in size; shrinks to 0 (or 1), then to whole numbers, halves and quarters."""
    n = int(8 * largest)
    values = [k / 8 for k in range(-n, n + 1) if (k or not nonzero) and (k > 0 or not positive)]
    return st.sampled_from(sorted(values, key=_complexity))


@lru_cache
def vectors(size: int, numbers: SearchStrategy[float] | None = None) -> SearchStrategy[Vector]:
    """Vectors of that many numbers, eighths unless said."""
    return st.tuples(*[eighths() if numbers is None else numbers] * size)


@lru_cache
def matrices(rows: int, columns: int, numbers: SearchStrategy[float] | None = None) -> SearchStrategy[Matrix]:
    """Matrices of that many rows and columns, of eighths unless said."""
    return st.tuples(*[vectors(columns, numbers)] * rows)


def _complexity(value: float) -> tuple[int, float, bool]:
    """Order by denominator, then size, then sign."""
    return value.as_integer_ratio()[1], abs(value), value < 0
