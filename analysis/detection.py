"""How well a number of each image tells two sets apart: the area under the receiver operating characteristic."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from curvature.errors import NonFiniteError, TooFewSamplesError


@dataclass(frozen=True)
class Auroc:
    """Area under the receiver operating characteristic of a detector.

    Attributes
    ----------
    value
        Probability that an image of the training distribution has the larger score, ties counted half: 1 for a perfect
        detector, 0.5 for one that sees no difference, below 0.5 where the other set has the larger scores.
    standard_error
        Its standard error over the images of both sets (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837).
    """

    value: float
    standard_error: float


def auroc(inside: ArrayLike, outside: ArrayLike) -> Auroc:
    """Measure how well a score, such as log p, tells images of the training distribution from others.

    Parameters
    ----------
    inside
        Scores of images of the training distribution ``[M]``.
    outside
        Scores of other images ``[N]``.

    Raises
    ------
    TooFewSamplesError
        If either has fewer than two scores.
    NonFiniteError
        If a score is NaN; infinite ones have a rank and are taken.

    Examples
    --------
    >>> auroc([3, 4, 5], [1, 2]).value
    1.0
    """
    x, y = (np.asarray(scores, dtype=np.float64).ravel() for scores in (inside, outside))
    if min(len(x), len(y)) < 2:
        raise TooFewSamplesError(f"AUROC: expected at least 2 scores of each set, got {len(x)} and {len(y)}")
    if np.isnan(x).any() or np.isnan(y).any():
        raise NonFiniteError("AUROC: a score is NaN")
    ranks = rankdata(np.concatenate([x, y]))
    # Share of the other set's scores below each score, ties counted half.
    below_x = (ranks[: len(x)] - rankdata(x)) / len(y)
    above_y = 1 - (ranks[len(x) :] - rankdata(y)) / len(x)
    variance = below_x.var(ddof=1) / len(x) + above_y.var(ddof=1) / len(y)
    return Auroc(float(below_x.mean()), sqrt(variance))
