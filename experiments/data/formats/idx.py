"""The IDX format of MNIST and its relatives: a big-endian header, then the pixels; usually gzipped.

Source: http://yann.lecun.com/exdb/mnist/, section "The IDX file format".
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged

UNSIGNED_BYTE, AXES = 0x08, 3
GZIP_MAGIC = b"\x1f\x8b"
HEADER_BYTES = 4 + 4 * AXES


def read_idx_images(path: Path) -> UInt8[np.ndarray, "N H W"]:
    """Read images from an IDX file, gzipped or not.

    Raises
    ------
    DataFileError
        If the file is damaged, truncated, or holds something else than images of unsigned bytes.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, error) from error
    return parse_idx_images(content, path)


def parse_idx_images(content: bytes, origin: Path | str) -> UInt8[np.ndarray, "N H W"]:
    """Parse the bytes of an IDX file of images, gzipped or not; `origin` names them in messages.

    Raises
    ------
    DataFileError
        As `read_idx_images`.
    """
    if content[:2] == GZIP_MAGIC:
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise damaged(origin, error) from error
    if len(content) < HEADER_BYTES or content[:4] != bytes((0, 0, UNSIGNED_BYTE, AXES)):
        raise damaged(origin, f"expected an IDX file of bytes with {AXES} axes, it begins with {content[:4].hex()}")
    count, height, width = (int(extent) for extent in np.frombuffer(content, ">u4", AXES, 4))
    expected, got = count * height * width, len(content) - HEADER_BYTES
    if got != expected:
        raise damaged(origin, f"its header promises {count} images of {height} x {width}, but {got} pixels follow")
    return np.frombuffer(content, np.uint8, offset=HEADER_BYTES).reshape(count, height, width)
