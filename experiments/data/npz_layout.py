"""The npz layout: ``<set>/<split>*.npz``, shards in sorted order, each with 8-bit `images` [N, H, W, C]. No pickle."""

import lzma
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import DataFileError, damaged

IMAGES, SOURCE_PHOTOGRAPH = "images", "source_image"
# What NumPy and the decompressors raise for damaged files; TypeError for an npy file under the name of an npz one.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
    KeyError,
    IndexError,
    TypeError,
)


def shards(directory: Path, split: str, native: Iterable[str] = ()) -> list[Path]:
    """The files of a split in sorted order; names of official files that happen to look alike are left out."""
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
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{IMAGES}.npy") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            return int(read(file)[0][0])
    except UNREADABLE as error:
        raise damaged(path, error) from error


def array_names(path: Path) -> list[str]:
    """Names of the arrays in a file.

    Raises
    ------
    DataFileError
        If it is no zip archive.
    """
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            return list(file.files)
    except UNREADABLE as error:
        raise damaged(path, error) from error


def read_array(path: Path, key: str) -> np.ndarray:
    """One array of a file; pickled objects are refused.

    Raises
    ------
    DataFileError
        If the file is damaged, has no such array, or the array holds Python objects.
    """
    names = array_names(path)
    if key not in names:
        raise DataFileError(f"{path}: expected an array {key!r}, found {', '.join(map(repr, names)) or 'none'}")
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            array: np.ndarray = file[key]
            return array
    except UNREADABLE as error:
        raise damaged(path, error) from error


def _channels_first(path: Path, event_shape: tuple[int, int, int]) -> UInt8[np.ndarray, "N C H W"]:
    images = read_array(path, IMAGES)
    channels, height, width = event_shape
    if images.dtype != np.uint8 or images.shape[1:] != (height, width, channels) or len(images) == 0:
        raise DataFileError(
            f"{path}: expected {IMAGES!r} uint8 [N, {height}, {width}, {channels}] with N > 0, "
            f"got {images.dtype} {list(images.shape)}"
        )
    return images.transpose(0, 3, 1, 2)
