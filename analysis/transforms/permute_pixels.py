"""The transform `permute_pixels`: permute each pixel's values among the images.

The variance of every pixel stays, and correlations go: the test of explanations that use variances alone.
"""

import torch

from analysis.dequantization import require_pixels
from analysis.transforms.transform import Images, Transform, Value
from curvature.moments import Moments

SEED = 10_002
"""Of the permutations: the same images always get the same ones."""


def permute_pixels(images: Images, _: Value = None) -> Images:
    """Permute the images' values of every pixel and channel, each by a permutation of its own.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    """
    require_pixels(images)
    keys = torch.rand(images.shape, generator=torch.Generator().manual_seed(SEED))
    return images.gather(0, keys.argsort(0))


def moments(before: Moments, _: Value = None) -> Moments:
    """Keep the mean and the variances; all covariances between pixels are zero on average over permutations."""
    factor = torch.diag(before.variance().flatten().sqrt())
    return Moments(before.mean, factor, before.count)


TRANSFORM = Transform("permute_pixels", permute_pixels, moments=moments)
