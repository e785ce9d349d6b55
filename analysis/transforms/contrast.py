"""The transform `contrast=LAMBDA`: shrink pixels towards mid-gray (docs/theory.md, eq. 13)."""

from analysis.dequantization import LEVELS, require_pixels
from analysis.transforms.transform import Images, Transform, Value, read_number, to_pixels
from curvature.errors import PixelRangeError

GRAY = (LEVELS - 1) / 2


def read_factor(text: str) -> float:
    """Read lambda, which is not negative.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If it is no number, or a negative one.
    """
    factor = read_number(text)
    if factor < 0:
        raise PixelRangeError("the contrast must not be negative")
    return factor


def contrast(images: Images, factor: Value) -> Images:
    """Shrink pixels towards gray: ``m + lambda (x - m)`` with m = 127.5, rounded and clipped to whole pixel values.

    Parameters
    ----------
    images
        8-bit pixels.
    factor
        ``lambda``: 1 leaves the images as they are, 0 makes them constant, above 1 raises the contrast.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    """
    require_pixels(images)
    return to_pixels(GRAY + float(factor or 0) * (images.double() - GRAY))


TRANSFORM = Transform("contrast", contrast, read_factor, placeholder="LAMBDA")
