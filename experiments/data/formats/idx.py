"""The IDX format of MNIST and its relatives: a big-endian header, then the pixels; usually gzipped.

Source: http://yann.lecun.com/exdb/mnist/, section "The IDX file format".
"""

import gzip
import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import DataFileError, damaged
from experiments.data.formats.streams import read_exactly, require_end
from experiments.storage.plain_file import open_plain

UNSIGNED_BYTE, AXES = 0x08, 3
GZIP_MAGIC = b"\x1f\x8b"
HEADER_BYTES = 4 + 4 * AXES
BROKEN = (OSError, EOFError, zlib.error, struct.error, ValueError, OverflowError, MemoryError)


def read_idx_images(path: Path) -> UInt8[np.ndarray, "N H W"]:
    """Read images from an IDX file, gzipped or not.

    Raises
    ------
    DataFileError
        If the file is damaged, truncated, or holds something else than images of unsigned bytes.
    """
    try:
        with open_plain(path) as file:
            return _read(file, path)
    except OSError as error:
        raise damaged(path, error.strerror or error) from error


def read_idx_split(files: dict[str, Path], split: str) -> UInt8[np.ndarray, "N 1 H W"]:
    """Read the images of a split from its one official file.

    Raises
    ------
    DataFileError
        As `read_idx_images`.
    """
    (path,) = files.values()
    return read_idx_images(path)[:, None]


def parse_idx_images(content: bytes | bytearray, origin: Path | str) -> UInt8[np.ndarray, "N H W"]:
    """Parse the bytes of an IDX file of images, gzipped or not; `origin` names them in messages.

    Raises
    ------
    DataFileError
        As `read_idx_images`.
    """
    return _read(io.BytesIO(content), origin)


def _read(file: BinaryIO, origin: Path | str) -> UInt8[np.ndarray, "N H W"]:
    is_gzipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    file.seek(0)
    stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if is_gzipped else file
    try:
        header = stream.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or header[:4] != bytes((0, 0, UNSIGNED_BYTE, AXES)):
            raise damaged(origin, f"expected an IDX file of bytes with {AXES} axes, it begins with {header[:4].hex()}")
        count, height, width = struct.unpack(f">{AXES}I", header[4:])
        pixels = read_exactly(stream, count * height * width)
        require_end(stream)
        return np.frombuffer(pixels, np.uint8).reshape(count, height, width)
    except DataFileError:
        raise
    except BROKEN as error:
        raise damaged(origin, error) from error
