"""Arrays of numbers in npz files: zip archives of npy files, read without NumPy's loader, which can unpickle.

Source of the npy format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. A header is believed
only as far as the member is really that long.
"""

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from math import prod
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from experiments.data.errors import DataFileError, damaged
from experiments.data.formats.streams import read_exactly, require_end

SUFFIX = ".npy"
KINDS_OF_NUMBERS = "biuf"
# What zipfile, the decompressors and NumPy's reader of headers raise for damaged files.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    OverflowError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    MemoryError,
)


def array_names(file: BinaryIO, origin: Path | str) -> list[str]:
    """Names of the arrays in an npz file; `origin` names it in messages.

    Raises
    ------
    DataFileError
        If it is no zip archive.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(SUFFIX) for name in archive.namelist()]
    except BROKEN as error:
        raise damaged(origin, error) from error


def array_shape(file: BinaryIO, name: str, origin: Path | str) -> tuple[int, ...]:
    """Shape of an array of numbers, from its header alone.

    Raises
    ------
    DataFileError
        As `read_array`, as far as the header tells.
    """
    with _opened(file, name, origin) as (stream, size):
        return _read_header(stream, size, name, origin)[0]


def read_array(file: BinaryIO, name: str, origin: Path | str) -> np.ndarray:
    """Read an array of numbers.

    Raises
    ------
    DataFileError
        If the file is damaged, has no such array, holds Python objects in it, or is shorter or longer than the array's
        header says.
    """
    with _opened(file, name, origin) as (stream, size):
        return _read_stream(stream, size, name, origin)


def read_npy(file: BinaryIO, size: int, origin: Path | str) -> np.ndarray:
    """Read the array of numbers of an npy file of `size` bytes.

    Raises
    ------
    DataFileError
        As `read_array`.
    """
    try:
        return _read_stream(file, size, Path(origin).stem, origin)
    except DataFileError:
        raise
    except BROKEN as error:
        raise damaged(origin, error) from error


def _read_stream(stream: IO[bytes], size: int, name: str, origin: Path | str) -> np.ndarray:
    """Read the npy format: header, numbers, and nothing after them."""
    shape, is_fortran, dtype = _read_header(stream, size, name, origin)
    content = read_exactly(stream, prod(shape) * dtype.itemsize)
    require_end(stream)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


@contextmanager
def _opened(file: BinaryIO, name: str, origin: Path | str) -> Iterator[tuple[IO[bytes], int]]:
    """Yield the bytes of an array's npy file, and how many the archive promises."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename.removesuffix(SUFFIX): info for info in archive.infolist()}
            if name not in members:
                found = ", ".join(f"{known!r:.60}" for known in members) or "none"
                raise DataFileError(f"{origin}: expected an array {name!r}, found {found}")
            with archive.open(members[name]) as stream:
                yield stream, members[name].file_size
    except DataFileError:
        raise
    except BROKEN as error:
        raise damaged(origin, error) from error


def _read_header(stream: IO[bytes], size: int, name: str, origin: Path | str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of an npy file of `size` bytes: shape, whether in Fortran order, and type of the numbers."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"array {name!r} has format version {version}, expected 1 or 2")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings(action="ignore"):  # NumPy evaluates the header as Python text, and that may warn
        shape, is_fortran, dtype = read(stream)
    if dtype.kind not in KINDS_OF_NUMBERS:
        raise DataFileError(
            f"{origin}: its array {name!r} holds {dtype}, expected numbers; Python objects are refused, since reading "
            "them can run code: save an array of numbers"
        )
    if any(extent < 0 for extent in shape) or prod(shape) * dtype.itemsize > size:
        raise ValueError(f"array {name!r} of {size} bytes has a header that promises {dtype} {list(shape)}")
    return shape, is_fortran, dtype
