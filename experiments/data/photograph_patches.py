"""The embedded sets `china` and `flower`: colour patches of the two sample photographs that ship with scikit-learn.

A photograph is cut into square tiles; in every 2 x 2 block of tiles one, drawn at random, belongs to the test set and
three to the training set. Patches never cross a tile's edge, so the two splits share no pixel, yet both are spread
over the whole picture and show the same content. (With a left half for training and a right half for testing, bits/dim
of the two differ by several tenths, because the halves show different things.)
"""

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from curvature.errors import ShapeError
from experiments.data.image_set import ImageSet, shuffled

TILE_IN_PATCHES = 4
TRAIN_STRIDES_PER_PATCH = 4
SPLIT_SEED = 0


def load_photograph_patches(name: str, split: str, patch_size: int = 8, citation: str = "") -> ImageSet:
    """Patches of one photograph.

    Parameters
    ----------
    name
        `china` (a busy picture) or `flower` (a smooth background).
    split
        `train`: overlapping patches, a quarter of a patch apart. `test`: patches that do not overlap.
    patch_size
        Height and width of a patch in pixels.
    citation
        Whom to cite.

    Raises
    ------
    ShapeError
        If a patch has no pixel, or the photograph has no room for a 2 x 2 block of tiles of four patches each.
    """
    if patch_size < 1:
        raise ShapeError(f"{name}: patches of {patch_size} pixels; use patches of at least 1")
    photograph = read_photograph(name)
    stride = max(1, patch_size // TRAIN_STRIDES_PER_PATCH) if split == "train" else patch_size
    tiles = split_into_tiles(photograph, TILE_IN_PATCHES * patch_size)[split]
    return ImageSet(
        name=name,
        split=split,
        images=shuffled(torch.cat([patches_of(tile, patch_size, stride) for tile in tiles])),
        source=f"scikit-learn sample image {name}.jpg, {patch_size} x {patch_size} patches",
        licence="CC BY 2.0",
        citation=citation,
    )


def read_photograph(name: str) -> UInt8[Tensor, "channels height width"]:
    """One of scikit-learn's sample photographs, 3 x 427 x 640."""
    from sklearn.datasets import load_sample_image  # imported here: scikit-learn takes a second to load

    return torch.from_numpy(np.array(load_sample_image(f"{name}.jpg"))).permute(2, 0, 1).contiguous()


def split_into_tiles(photograph: UInt8[Tensor, "channels height width"], tile_size: int) -> dict[str, list[Tensor]]:
    """Tiles of the photograph by split: one of every 2 x 2 block to `test`, the other three to `train`."""
    rows, columns = (extent // tile_size for extent in photograph.shape[1:])
    if min(rows, columns) < 2:
        raise ShapeError(
            f"tiles of {tile_size} pixels: the photograph of {photograph.shape[1]} x {photograph.shape[2]} pixels "
            f"has no 2 x 2 block of them; use patches of at most {min(photograph.shape[1:]) // (2 * TILE_IN_PATCHES)}"
        )
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    chosen = torch.randint(4, ((rows + 1) // 2, (columns + 1) // 2), generator=generator)
    tiles: dict[str, list[Tensor]] = {"train": [], "test": []}
    for row in range(rows):
        for column in range(columns):
            place = 2 * (row % 2) + column % 2
            split = "test" if chosen[row // 2, column // 2] == place else "train"
            top, left = row * tile_size, column * tile_size
            tiles[split].append(photograph[:, top : top + tile_size, left : left + tile_size])
    return tiles


def patches_of(
    tile: UInt8[Tensor, "channels height width"], size: int, stride: int
) -> UInt8[Tensor, "count channels size size"]:
    """All patches of a tile, `stride` pixels apart."""
    windows = tile.unfold(1, size, stride).unfold(2, size, stride)
    return windows.permute(1, 2, 0, 3, 4).reshape(-1, tile.shape[0], size, size)
