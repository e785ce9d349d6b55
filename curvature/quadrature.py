"""Quadrature on [0, 1], with the weight (1 - t) of Taylor's integral remainder or none (theory.md, eqs. 20 to 20c)."""

import math
from functools import lru_cache

import numpy as np
import scipy  # loads its subpackages at first use

from curvature.errors import OptionError

Rule = tuple[tuple[float, ...], tuple[float, ...]]
"""Nodes t_k in [0, 1] and weights w_k with ``sum_k w_k h(t_k) ~ int_0^1 (1 - t) h(t) dt``, or without (1 - t)."""


@lru_cache
def gauss_jacobi(n: int) -> Rule:
    """Rule of n nodes inside (0, 1), exact for polynomials h of degree below 2n; one node sits at t = 1/3.

    Raises
    ------
    OptionError
        If n is not a positive integer.
    """
    if not isinstance(n, int) or n < 1:
        raise OptionError(f"nodes: expected a positive integer, got {n!r}")
    t, w = scipy.special.roots_sh_jacobi(n, 2, 1)
    return tuple(map(float, t)), tuple(map(float, w))


@lru_cache
def gauss_legendre(n: int) -> Rule:
    """Rule of n nodes inside (0, 1) for integrals without a weight, exact for polynomials of degree below 2n.

    Raises
    ------
    OptionError
        If n is not a positive integer.
    """
    if not isinstance(n, int) or n < 1:
        raise OptionError(f"nodes: expected a positive integer, got {n!r}")
    t, w = scipy.special.roots_sh_legendre(n)
    return tuple(map(float, t)), tuple(map(float, w))


@lru_cache
def clenshaw_curtis(intervals: int, weighted: bool = True) -> Rule:
    """Rule with nodes ``(1 - cos(k pi / n)) / 2`` for k = 0 to n, exact for polynomials of degree n.

    Rules are nested: that of 2 n intervals has all nodes of that of n, to the last bit.

    Parameters
    ----------
    intervals
        Their number n.
    weighted
        Whether the integral has the weight (1 - t).

    Raises
    ------
    OptionError
        If the number n of intervals is not a positive integer.

    References
    ----------
    L. N. Trefethen, "Is Gauss quadrature better than Clenshaw-Curtis?", SIAM Review 50 (2008), 67-87.
    """
    if not isinstance(intervals, int) or intervals < 1:
        raise OptionError(f"intervals: expected a positive integer, got {intervals!r}")
    n = intervals
    angles = np.array([math.pi * k / n for k in range(n + 1)])
    # With t = (1 - y) / 2 the measure is dy / 2, with the weight (1 + y) / 4 dy; the rule integrates T_j(y).
    moments = [_weighted_integral(j) if weighted else _chebyshev_integral(j) / 2 for j in range(n + 1)]
    polynomials = np.cos(np.outer(np.arange(n + 1), angles))
    weights = np.linalg.solve(polynomials, np.array(moments))
    nodes = (1 - np.cos(angles)) / 2
    return tuple(nodes.tolist()), tuple(weights.tolist())


def _weighted_integral(j: int) -> float:
    """``int_-1^1 T_j(y) (1 + y) / 4 dy``."""
    return _chebyshev_integral(j) / 4 + (_chebyshev_integral(j + 1) + _chebyshev_integral(abs(j - 1))) / 8


def _chebyshev_integral(j: int) -> float:
    """``int_-1^1 T_j(y) dy``."""
    return 0.0 if j % 2 else 2 / (1 - j * j)
