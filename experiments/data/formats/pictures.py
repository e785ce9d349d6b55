"""Pictures in an archive or folder, decoded to pixels of one size.

Pillow is told which format to expect. By itself it would find the format out, and hand an EPS picture, under whatever
name, to Ghostscript, a program that can run what the picture says.
"""

import io
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import DataFileError, damaged
from experiments.data.formats.archives import Wanted, members

Picture = UInt8[np.ndarray, "C H W"]
PictureFormat = Literal["PNG", "JPEG"]
LARGEST_PICTURE = 1 << 20
"""Bytes of one picture file; the official ones have at most a few tens of thousands."""


def read_pictures(
    archive: Path,
    wanted: Wanted,
    picture_format: PictureFormat,
    mode: str,
    size: tuple[int, int],
    preprocess: Callable[[Picture], Picture] | None = None,
    unreadable: Collection[str] = (),
) -> UInt8[np.ndarray, "N C H W"]:
    """Decode the wanted pictures, in the order of their names.

    Parameters
    ----------
    picture_format
        The format of all pictures.
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
        If the archive or a picture is damaged, a picture has another format or size, or there is none.
    """
    pictures: list[tuple[str, Picture]] = []
    left_out = tuple(f"/{path}" for path in unreadable)
    for name, content in members(archive, wanted, LARGEST_PICTURE):
        if f"/{name}".endswith(left_out):
            continue
        picture = decode_picture(content, picture_format, mode, size, f"{archive}: {name}")
        pictures.append((name, picture if preprocess is None else preprocess(picture)))
    if not pictures:
        raise damaged(archive, "it holds none of the pictures that it should")
    pictures.sort(key=_name)
    return np.stack([picture for _, picture in pictures])


def decode_picture(
    content: bytes | bytearray, picture_format: PictureFormat, mode: str, size: tuple[int, int], origin: str
) -> Picture:
    """Decode one picture to channels, height and width.

    Raises
    ------
    DataFileError
        If it is damaged, of another format, or not of this height and width; no pixel is decoded then.
    """
    from PIL import Image  # imported here: the catalog of data sets is shown without it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on metadata, which nothing here reads
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=(picture_format,)) as image:
                found = image.size[::-1]
                pixels = np.asarray(image.convert(mode), dtype=np.uint8) if found == size else None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataFileError(
            f"{origin}: refused, its header promises far more pixels than {size[0]} x {size[1]}; get the file from its "
            "official source"
        ) from error
    except Exception as error:  # Pillow names no set of errors that damaged pictures can cause
        raise damaged(origin, f"no {picture_format} picture: {type(error).__name__}") from error
    if pixels is None:
        raise DataFileError(
            f"{origin}: expected a picture of {size[0]} x {size[1]} pixels, got {found[0]} x {found[1]}; get the file "
            "from its official source"
        )
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def is_png(name: str) -> bool:
    """Whether a member of an archive is a PNG picture; archives made on a Mac carry a second, hidden entry for each."""
    return name.endswith(".png") and not name.rpartition("/")[2].startswith("._")


def _name(entry: tuple[str, Picture]) -> str:
    return entry[0]
