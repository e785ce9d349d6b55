"""The transform `luminance`: remove the colour (docs/theory.md, eq. 14)."""

import torch

from analysis.dequantization import require_pixels
from analysis.transforms.transform import Images, Transform, Value, to_pixels
from curvature.errors import ShapeError

WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601


def luminance(images: Images, _: Value = None) -> Images:
    """Put the ITU-R BT.601 luminance into every channel. Images of one channel stay as they are.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    ShapeError
        If they have neither one channel nor three.
    """
    require_pixels(images)
    if images.shape[1] == 1:
        return images
    if images.shape[1] != 3:
        raise ShapeError(f"luminance: expected 1 or 3 channels, got {images.shape[1]}")
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    gray = torch.einsum("c,nchw->nhw", weights, images.double())
    return to_pixels(gray)[:, None].expand(images.shape).contiguous()


TRANSFORM = Transform("luminance", luminance)
