"""The transform `contrast=LAMBDA`: shrink pixels towards mid-gray (docs/theory.md, eq. 13)."""

from analysis.dequantization import LEVELS
from analysis.transforms.transform import Pixels, Value, affine_transform, read_factor

GRAY = (LEVELS - 1) / 2


def towards_gray(x: Pixels, value: Value) -> Pixels:
    """``m + lambda (x - m)`` with m = 127.5: lambda 1 leaves the images as they are, 0 makes them constant."""
    return GRAY + float(value or 0) * (x - GRAY)


TRANSFORM = affine_transform("contrast", towards_gray, read_factor, placeholder="LAMBDA")
