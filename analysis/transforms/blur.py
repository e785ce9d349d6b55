"""The transform `blur=SIGMA`: a Gaussian filter, sigma in pixels."""

import torch
from torch.nn import functional

from analysis.transforms.transform import Pixels, Value, affine_transform, read_number
from curvature.errors import PixelRangeError

RADIUS_IN_SIGMAS = 4


def read_sigma(text: str) -> float:
    """Read the filter's standard deviation, which is positive and at most 100 pixels.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If it is no number, or outside that range.
    """
    sigma = read_number(text)
    if not 0 < sigma <= 100:
        raise PixelRangeError("the blur's sigma must be above 0 and at most 100 pixels")
    return sigma


def blur(x: Pixels, value: Value) -> Pixels:
    """Filter rows and columns with a Gaussian; pixels beyond the edge repeat those at the edge."""
    sigma = float(value or 0)
    radius = max(1, round(RADIUS_IN_SIGMAS * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=x.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma).square())
    kernel = kernel / kernel.sum()
    planes = functional.pad(x.flatten(0, 1)[:, None], [radius] * 4, mode="replicate")
    rows = functional.conv2d(planes, kernel[None, None, :, None])
    return functional.conv2d(rows, kernel[None, None, None, :]).reshape(x.shape)


TRANSFORM = affine_transform("blur", blur, read_sigma, placeholder="SIGMA")
