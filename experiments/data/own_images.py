"""One's own images: arrays of 8-bit pixels, or of floats in [0, 1] that were made from them."""

import numpy as np
import torch
from torch import Tensor

from analysis.dequantization import LEVELS
from curvature.errors import PixelRangeError, ShapeError
from experiments.data.image_set import ImageSet, shuffled
from experiments.data.own_arrays import read_own_array


def load_own_images(name: str) -> ImageSet:
    """Read images [N, C, H, W] from a file, in a fixed random order as those of every set.

    Pixels are read back to the 256 levels that bits per dimension count: uint8 as they are, floats in [0, 1] by
    ``floor(256 x)``, which undoes both ``x8 / 255`` and ``(x8 + u) / 256``.

    Parameters
    ----------
    name
        ``FILE.npy``, ``FILE.npz`` if it holds one array, or ``FILE.npz:KEY``.

    Raises
    ------
    DataNotFoundError, DataFileError, UnknownNameError, DtypeError, NonFiniteError
        If there is no such file or array, or it cannot be read.
    PixelRangeError
        If floats lie outside [0, 1].
    ShapeError
        If the array does not hold images [N, C, H, W].
    """
    array = read_own_array(name)
    if array.ndim != 4:
        fix = "array[:, None]" if array.ndim == 3 else "array.reshape(-1, channels, height, width)"
        raise ShapeError(f"{name}: expected images [N, C, H, W], got shape {list(array.shape)}; save {fix} instead")
    pixels = torch.from_numpy(np.ascontiguousarray(array))
    return ImageSet(
        name=name,
        split="",
        images=shuffled(pixels if pixels.dtype == torch.uint8 else _levels(pixels, name)),
        source=name,
        licence="your own",
        citation="",
    )


def require_own_array(name: str) -> None:
    """Raise what `load_own_images` raises unless a file holds the array."""
    read_own_array(name)


def _levels(x: Tensor, name: str) -> Tensor:
    """Pixel values of floats in [0, 1]."""
    low, high = float(x.min()), float(x.max())
    if low < 0 or high > 1:
        raise PixelRangeError(
            f"{name}: floats range over [{low:.4g}, {high:.4g}], expected [0, 1]; save 8-bit pixels as uint8, or "
            "(x - low) / (high - low) with the limits of your scale"
        )
    return (x.double() * LEVELS).floor().clamp(0, LEVELS - 1).to(torch.uint8)
