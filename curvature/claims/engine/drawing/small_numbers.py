"""Numbers that a person can read: whole numbers and fractions down to eighths, so that shrinking ends at few digits."""

from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]

# Strategies are immutable; making them again for every draw would take longer than the draw.


@lru_cache
def eighths(largest: int = 2, *, nonzero: bool = False, positive: bool = False) -> SearchStrategy[float]:
    """Whole numbers, halves, quarters and eighths up to `largest` in size, equally often; shrinks to 0, or to 1."""
    return _eighths(largest, nonzero or positive, positive)


@st.composite
def _eighths(draw: DrawFn, largest: int, nonzero: bool, positive: bool) -> float:
    # The denominator is drawn separately, so that shrinking tries all four and then small numerators.
    denominator = draw(st.sampled_from((1, 2, 4, 8)))
    n = largest * denominator
    numerators = st.integers(1, n) if positive else st.integers(-n, n)
    return draw(numerators.filter(bool) if nonzero and not positive else numerators) / denominator


@lru_cache
def vectors(size: int, numbers: SearchStrategy[float] | None = None) -> SearchStrategy[Vector]:
    """Vectors of that many numbers, eighths unless said."""
    return st.tuples(*[eighths() if numbers is None else numbers] * size)


@lru_cache
def matrices(rows: int, columns: int, numbers: SearchStrategy[float] | None = None) -> SearchStrategy[Matrix]:
    """Matrices of that many rows and columns, of eighths unless said."""
    return st.tuples(*[vectors(columns, numbers)] * rows)
