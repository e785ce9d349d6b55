"""The transform `add_noise=SIGMA`: Gaussian noise on every pixel, sigma on the scale of pixel values 0 to 255."""

import torch

from analysis.dequantization import require_pixels
from analysis.transforms.isotropic import with_variance
from analysis.transforms.transform import Images, Transform, Value, read_factor, to_pixels
from curvature.moments import Moments

SEED = 10_001
"""Of the noise: transforms of one set of images are paired, so the same images always get the same noise."""


def add_noise(images: Images, value: Value) -> Images:
    """Add noise, round and clip.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    """
    require_pixels(images)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)
    return to_pixels(images.double() + float(value or 0) * noise)


def moments(before: Moments, value: Value) -> Moments:
    """Add sigma^2 to the variance of every pixel."""
    return with_variance(before, float(value or 0) ** 2)


TRANSFORM = Transform("add_noise", add_noise, read_factor, "SIGMA", moments)
