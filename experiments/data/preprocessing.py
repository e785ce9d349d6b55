"""What is done to official pictures that are larger than the set's images: cropping, and averaging over areas.

Averaging lowers the variance of pixels, which is itself a cause of high likelihood; docs/data.md says so for each set.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8

CELEBA_TOP, CELEBA_SIDE = 20, 178


def crop_and_shrink_celeba(picture: UInt8[np.ndarray, "3 218 178"]) -> UInt8[np.ndarray, "3 32 32"]:
    """Crop the aligned CelebA picture to the square of rows 20 to 197, all 178 columns, and average it to 32 x 32.

    Nalisnick et al. 2019 do not say how they cropped; this square keeps the whole width and is centred on the face.
    """
    return area_resize(picture[:, CELEBA_TOP : CELEBA_TOP + CELEBA_SIDE], 32)


def halve(picture: UInt8[np.ndarray, "C H W"]) -> UInt8[np.ndarray, "C H/2 W/2"]:
    """Average blocks of 2 x 2 pixels, rounded to the nearest whole value, halves upwards (Tiny ImageNet: 64 to 32)."""
    channels, height, width = picture.shape
    blocks = picture.reshape(channels, height // 2, 2, width // 2, 2).astype(np.uint16)
    return ((blocks.sum((2, 4)) + 2) // 4).astype(np.uint8)


def shrink_omniglot(picture: UInt8[np.ndarray, "1 105 105"]) -> UInt8[np.ndarray, "1 28 28"]:
    """Average an Omniglot drawing, dark ink on white paper, to 28 x 28; the ink stays dark."""
    return area_resize(picture, 28)


def area_resize(picture: UInt8[np.ndarray, "C H W"], side: int) -> UInt8[np.ndarray, "C side side"]:
    """Shrink to a square by averaging exactly over the area that each new pixel covers, rounded to whole values."""
    rows, columns = area_weights(picture.shape[1], side), area_weights(picture.shape[2], side)
    averaged = rows @ picture.astype(np.float64) @ columns.T
    return np.floor(averaged + 0.5).astype(np.uint8)


@lru_cache(maxsize=8)
def area_weights(old: int, new: int) -> Float[np.ndarray, "new old"]:
    """Share of each old pixel's interval in each of `new` equal intervals over the same length; rows sum to one."""
    edges = np.arange(new + 1) * (old / new)
    starts, ends = edges[:-1, None], edges[1:, None]
    pixel = np.arange(old)[None]
    overlap = np.clip(np.minimum(ends, pixel + 1) - np.maximum(starts, pixel), 0, None)
    weights: np.ndarray = overlap / overlap.sum(1, keepdims=True)
    return weights
