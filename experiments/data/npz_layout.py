"""The npz layout: ``<set>/<split>*.npz``, shards in sorted order, each with 8-bit `images` [N, H, W, C]. No pickle."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import DataFileError, damaged
from experiments.data.formats import npz
from experiments.storage.plain_file import open_plain

IMAGES, SOURCE_PHOTOGRAPH = "images", "source_image"

T = TypeVar("T")


def shards(directory: Path, split: str, native: Iterable[str] = ()) -> list[Path]:
    """The files of a split in sorted order, without official files whose names match the same pattern."""
    return sorted(path for path in directory.glob(f"{split}*.npz") if path.name not in native)


def read_shards(paths: list[Path], event_shape: tuple[int, int, int]) -> UInt8[np.ndarray, "N C H W"]:
    """Read and join the images of all shards.

    Raises
    ------
    DataFileError
        If a file is damaged, holds pickled objects, or images of another shape or dtype.
    """
    return np.concatenate([_channels_first(path, event_shape) for path in paths])


def count_images(path: Path) -> int:
    """Number of images in a file, from the header of the array alone.

    Raises
    ------
    DataFileError
        If the file is damaged or has no images.
    """
    shape = _read(path, lambda file: npz.array_shape(file, IMAGES, path))
    if not shape:
        raise damaged(path, f"its {IMAGES!r} is a single number")
    return shape[0]


def array_names(path: Path) -> list[str]:
    """Names of the arrays in a file.

    Raises
    ------
    DataFileError
        If it is no zip archive.
    """
    return _read(path, lambda file: npz.array_names(file, path))


def read_array(path: Path, key: str) -> np.ndarray:
    """One array of a file; pickled objects are refused.

    Raises
    ------
    DataFileError
        If the file is damaged, has no such array, or the array holds Python objects.
    """
    return _read(path, lambda file: npz.read_array(file, key, path))


def read_npy(path: Path) -> np.ndarray:
    """The array of an npy file; pickled objects are refused.

    Raises
    ------
    DataFileError
        If the file is damaged, or holds Python objects.
    """
    return _read(path, lambda file: npz.read_npy(file, path.stat().st_size, path))


def _read(path: Path, read: Callable[[BinaryIO], T]) -> T:
    try:
        with open_plain(path) as file:
            return read(file)
    except OSError as error:
        raise damaged(path, error.strerror or error) from error


def _channels_first(path: Path, event_shape: tuple[int, int, int]) -> UInt8[np.ndarray, "N C H W"]:
    images = read_array(path, IMAGES)
    channels, height, width = event_shape
    if images.dtype != np.uint8 or images.shape[1:] != (height, width, channels) or len(images) == 0:
        raise DataFileError(
            f"{path}: expected {IMAGES!r} uint8 [N, {height}, {width}, {channels}] with N > 0, "
            f"got {images.dtype} {list(images.shape)}"
        )
    return images.transpose(0, 3, 1, 2)
