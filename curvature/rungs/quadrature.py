"""Gauss-Jacobi quadrature for the weight (1 - t) of Taylor's integral remainder (docs/theory.md, eq. 20)."""

from functools import lru_cache

from curvature.errors import OptionError


@lru_cache
def gauss_jacobi(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nodes t_k in (0, 1) and weights w_k with ``sum_k w_k h(t_k) = int_0^1 (1 - t) h(t) dt`` for deg h < 2n.

    The weights sum to 1/2. One node sits at t = 1/3.

    Raises
    ------
    OptionError
        If n is not a positive integer.
    """
    if not isinstance(n, int) or n < 1:
        raise OptionError(f"nodes: expected a positive integer, got {n!r}")
    # Imported here because scipy.special costs a third of a second that `import curvature` need not pay.
    from scipy.special import roots_sh_jacobi

    t, w = roots_sh_jacobi(n, 2, 1)
    return tuple(map(float, t)), tuple(map(float, w))
