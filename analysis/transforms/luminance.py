"""The transform `luminance`: remove the colour (docs/theory.md, eq. 14)."""

import torch

from analysis.transforms.transform import Pixels, Value, affine_transform
from curvature.errors import ShapeError

WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601


def luminance(x: Pixels, _: Value = None) -> Pixels:
    """Put the ITU-R BT.601 luminance into every channel. Images of one channel stay as they are.

    Raises
    ------
    ShapeError
        If images have neither one channel nor three.
    """
    if x.shape[1] == 1:
        return x
    if x.shape[1] != 3:
        raise ShapeError(f"luminance: expected 1 or 3 channels, got {x.shape[1]}")
    gray = torch.einsum("c,nchw->nhw", x.new_tensor(WEIGHTS), x)
    return gray[:, None].expand(x.shape).contiguous()


TRANSFORM = affine_transform("luminance", luminance)
