"""One's own images: arrays of 8-bit pixels, or of floats in [0, 1] that were made from them."""

import numpy as np
import torch
from torch import Tensor

from analysis.representation import UNIFORM, Representation
from curvature.errors import PixelRangeError, ShapeError
from experiments.data.image_set import ImageSet, shuffled
from experiments.data.own_arrays import read_own_array


def load_own_images(name: str, representation: Representation = UNIFORM) -> ImageSet:
    """Read images [N, C, H, W] from a file, in a fixed random order as those of every set.

    Pixels are read back to the levels that bits per dimension count: uint8 as they are, floats in [0, 1] by
    ``floor(256 x)``, which undoes both ``x8 / 255`` and ``(x8 + u) / 256``, and floats on another scale likewise.

    Parameters
    ----------
    name
        ``FILE.npy``, ``FILE.npz`` if it holds one array, or ``FILE.npz:KEY``.
    representation
        The range of floats and its number of levels.

    Raises
    ------
    DataNotFoundError, DataFileError, UnknownNameError, DtypeError, NonFiniteError
        If there is no such file or array, or it cannot be read.
    PixelRangeError
        If floats lie outside the range.
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
        images=shuffled(pixels if pixels.dtype == torch.uint8 else _levels(pixels, name, representation)),
        source=name,
        licence="your own",
        citation="",
    )


def require_own_array(name: str) -> None:
    """Raise what `load_own_images` raises unless a file holds the array."""
    read_own_array(name)


def _levels(x: Tensor, name: str, representation: Representation) -> Tensor:
    """Pixel values of floats."""
    try:
        return representation.pixels(x, name)
    except PixelRangeError as error:
        raise PixelRangeError(
            f"{error}; say --value-range LOW HIGH if that is the scale of your own model, or save 8-bit pixels as "
            "uint8, or (x - low) / (high - low) with the limits of your scale"
        ) from error
