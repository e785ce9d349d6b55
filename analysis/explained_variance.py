"""Share of the variance of one number that linear regression on others explains."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SINGULAR = 1e-12
"""Directions of the standardised scores with less than this share of the largest variance are taken as dependent."""


def correlations(columns: Float[Numbers, "N K"]) -> Float[Numbers, "K K"]:
    """Correlation matrix of the columns; rows and columns of constant ones are zero."""
    e = columns - columns.mean(0)
    # What remains of a constant column after its mean is taken away is rounding.
    scale = np.abs(columns).max(0) * np.sqrt(len(columns)) * 1e-13
    norm = np.sqrt(np.square(e).sum(0))
    z = np.divide(e, norm, out=np.zeros_like(e), where=norm > scale)
    return np.asarray(z.T @ z)


def r_squared(correlation: Float[Numbers, "K K"], target: int, explaining: Sequence[int]) -> float:
    """R^2 of ordinary least squares with an intercept: ``r' R^+ r``.

    Parameters
    ----------
    correlation
        Of all numbers, from `correlations`.
    target
        Index of the number that is explained.
    explaining
        Indices of those that explain it; they may depend on each other.

    Returns
    -------
    float
        Between 0 and 1; NaN if the target is constant.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 5.0], [2.0, 4.0, 5.0], [3.0, 6.0, 5.0]])
    >>> round(r_squared(correlations(x), 0, [1]), 12), r_squared(correlations(x), 0, [2])
    (1.0, 0.0)
    """
    if correlation[target, target] == 0:
        return float("nan")
    rows = list(explaining)
    r = correlation[rows, target]
    inverse = np.linalg.pinv(correlation[np.ix_(rows, rows)], rcond=SINGULAR, hermitian=True)
    return float(np.clip(r @ inverse @ r, 0, 1))
