"""The transform `downup=FACTOR`: average square blocks of pixels, and repeat each average over its block."""

from torch.nn import functional

from analysis.transforms.transform import Pixels, Value, affine_transform, read_number
from curvature.errors import PixelRangeError, ShapeError


def read_blocks(text: str) -> float:
    """Read the side of a block, a whole number of at least 2.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If it is no number, or not such a one.
    """
    side = read_number(text)
    if side < 2 or side != int(side):
        raise PixelRangeError("the side of a block is a whole number of pixels from 2 up")
    return side


def downup(x: Pixels, value: Value) -> Pixels:
    """Lower the resolution by a whole factor and come back to the old size.

    Raises
    ------
    ShapeError
        If height or width is not divisible by the factor.
    """
    side, (height, width) = int(value or 1), x.shape[2:]
    if height % side or width % side:
        raise ShapeError(f"downup={side}: images of {height} x {width} pixels have no whole blocks of {side} x {side}")
    return functional.avg_pool2d(x, side).repeat_interleave(side, 2).repeat_interleave(side, 3)


TRANSFORM = affine_transform("downup", downup, read_blocks, placeholder="FACTOR")
