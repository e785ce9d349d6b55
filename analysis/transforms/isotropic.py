"""Moments with a variance added to every pixel."""

from dataclasses import replace
from math import sqrt

import torch

from curvature.moments import Moments


def with_variance(moments: Moments, variance: float) -> Moments:
    """Add the covariance ``variance I``: that of independent noise on every pixel."""
    identity = torch.eye(moments.dim, dtype=moments.factor.dtype)
    return replace(moments, factor=torch.cat([moments.factor, sqrt(variance) * identity], 1))
