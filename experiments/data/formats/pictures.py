"""Pictures (PNG, JPEG) in an archive or folder, decoded to pixels of one size."""

import io
import struct
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from experiments.data.errors import DataFileError, damaged
from experiments.data.formats.archives import Wanted, members

Picture = UInt8[np.ndarray, "C H W"]
UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def read_pictures(
    archive: Path,
    wanted: Wanted,
    mode: str,
    size: tuple[int, int],
    preprocess: Callable[[Picture], Picture] | None = None,
    unreadable: Collection[str] = (),
) -> UInt8[np.ndarray, "N C H W"]:
    """Decode the wanted pictures, in the order of their names.

    Parameters
    ----------
    mode
        `L` for one gray channel, `RGB` for three.
    size
        Height and width that every picture must have.
    preprocess
        Applied to each picture as it is read, so that only its result is kept.
    unreadable
        Pictures that are known to be damaged in the official archive and are left out, by the end of their paths.

    Raises
    ------
    DataFileError
        If the archive or a picture is damaged, a picture has another size, or there is none.
    """
    pictures: list[tuple[str, Picture]] = []
    left_out = tuple(f"/{path}" for path in unreadable)
    for name, content in members(archive, wanted):
        if f"/{name}".endswith(left_out):
            continue
        picture = decode_picture(content, mode, f"{archive}: {name}")
        if picture.shape[1:] != size:
            raise DataFileError(
                f"{archive}: {name}: expected a picture of {size[0]} x {size[1]} pixels, "
                f"got {picture.shape[1]} x {picture.shape[2]}"
            )
        pictures.append((name, picture if preprocess is None else preprocess(picture)))
    if not pictures:
        raise damaged(archive, "it holds none of the pictures that it should")
    pictures.sort(key=_name)
    return np.stack([picture for _, picture in pictures])


def decode_picture(content: bytes, mode: str, origin: str) -> Picture:
    """Decode one picture to channels, height and width.

    Raises
    ------
    DataFileError
        If it is damaged or no picture.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image.convert(mode), dtype=np.uint8)
    except UNREADABLE as error:
        raise damaged(origin, error) from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _name(entry: tuple[str, Picture]) -> str:
    return entry[0]
