"""The transform `gaussian`: images drawn from the Gaussian that has the mean and the covariance of the given ones."""

import torch

from analysis.dequantization import require_pixels
from analysis.transforms.transform import Images, Transform, Value, to_pixels
from curvature.moments import Moments

SEED = 10_004
"""Of the draws: the same images always give the same ones."""


def gaussian(images: Images, _: Value = None) -> Images:
    """Draw as many images as there are, round and clip; fewer images than pixels leave directions without variance.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    """
    require_pixels(images)
    x = images.double().flatten(1)
    mean = x.mean(0)
    weights = torch.randn(len(x), len(x), generator=torch.Generator().manual_seed(SEED), dtype=x.dtype)
    return to_pixels((mean + weights @ (x - mean) / len(x) ** 0.5).reshape(images.shape))


def moments(before: Moments, _: Value = None) -> Moments:
    """Mean and covariance stay."""
    return before


TRANSFORM = Transform("gaussian", gaussian, moments=moments)
