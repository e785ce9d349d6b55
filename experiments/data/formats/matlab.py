"""Arrays of bytes in MATLAB files of version 5, read without SciPy, which dies of a bus error on some damaged ones.

Source: MathWorks, MAT-File Format, "Level 5 MAT-File Format". A file is a header of 128 bytes and then elements, each
a type, a number of bytes and that many bytes, of which an array's parts are elements again. Only what SVHN's files
use is read: little-endian real arrays of unsigned bytes, compressed or not.
"""

import struct
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged
from experiments.data.formats.streams import PIECE, Stream, read_exactly
from experiments.storage.plain_file import open_plain

HEADER_BYTES, VERSION_5_LITTLE_ENDIAN = 128, b"\x00\x01IM"
# Types of elements.
INT8, UINT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 2, 5, 6, 14, 15
CLASSES = {4: "char", 6: "double", 7: "single", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16"}
COMPLEX = 0x08
LONGEST_DESCRIPTION = 256
"""Bytes that the flags, the extents and the name of an array may take each."""
PADDING = 8
BROKEN = (OSError, EOFError, ValueError, OverflowError, struct.error, zlib.error, MemoryError)


def read_matlab_bytes(path: Path, name: str) -> UInt8[np.ndarray, "..."]:
    """Read one array of unsigned bytes, its axes in the order that MATLAB shows.

    Raises
    ------
    DataFileError
        If the file is damaged, has no such array, or the array is of another type.
    """
    try:
        with open_plain(path) as file:
            if not file.read(HEADER_BYTES).endswith(VERSION_5_LITTLE_ENDIAN):
                raise ValueError("expected a little-endian MATLAB file of version 5")
            while tag := file.read(8):
                kind, size = struct.unpack("<II", tag)
                end = file.tell() + size
                found = _read_variable(file, kind, size, name)
                if found is not None:
                    return found
                file.seek(end)
    except BROKEN as error:
        raise damaged(path, getattr(error, "strerror", None) or error) from error
    raise damaged(path, f"it holds no array {name!r}")


def _read_variable(file: BinaryIO, kind: int, size: int, name: str) -> UInt8[np.ndarray, "..."] | None:
    """Read an element of the file if it is the array of that name."""
    if kind == MATRIX:
        return _read_matrix(file, name)
    if kind != COMPRESSED:
        return None
    stream = _Inflated(file, size)
    kind, _ = struct.unpack("<II", read_exactly(stream, 8))
    found = _read_matrix(stream, name) if kind == MATRIX else None
    if found is not None:
        stream.require_end()
    return found


def _read_matrix(stream: Stream, name: str) -> UInt8[np.ndarray, "..."] | None:
    """Read an array if it has that name: its flags, extents, name and values, each an element."""
    flags = struct.unpack("<II", _read_description(stream, UINT32))[0]
    extents = np.frombuffer(_read_description(stream, INT32), "<i4")
    if _read_description(stream, INT8) != name.encode():
        return None
    kind = CLASSES.get(flags & 0xFF, f"MATLAB's class {flags & 0xFF}")
    if kind != "uint8" or (flags >> 8) & COMPLEX:
        raise ValueError(f"expected {name!r} uint8, got {kind}")
    count = prod(map(int, extents))
    values, size, small = _read_tag(stream)
    if values != UINT8 or size != count or min(extents, default=0) < 0:
        raise ValueError(f"array {name!r} has extents {extents.tolist()}, but {size} bytes of values")
    content = small[:size] if small is not None else read_exactly(stream, size)
    return np.frombuffer(content, np.uint8).reshape(extents, order="F")


def _read_description(stream: Stream, wanted: int) -> bytes:
    """Read a short element of the wanted type."""
    kind, size, small = _read_tag(stream)
    if kind != wanted or size > LONGEST_DESCRIPTION:
        raise ValueError(f"expected an element of type {wanted}, got {size} bytes of type {kind}")
    if small is not None:
        return small[:size]
    return bytes(read_exactly(stream, size + -size % PADDING)[:size])


def _read_tag(stream: Stream) -> tuple[int, int, bytes | None]:
    """Type and size of an element, and its bytes if they are in the tag itself, which has room for four."""
    tag = bytes(read_exactly(stream, 8))
    kind, size = struct.unpack("<II", tag)
    if kind >> 16 == 0:
        return kind, size, None
    if kind >> 16 > 4:
        raise ValueError(f"a tag of 8 bytes is said to hold {kind >> 16}")
    return kind & 0xFFFF, kind >> 16, tag[4:]


class _Inflated:
    """The content of a compressed element of so many bytes."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left, self._pending = file, size, b""
        self._inflate = zlib.decompressobj()

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        while not self._inflate.eof:
            found = self._inflate.decompress(self._pending, size)
            self._pending = self._inflate.unconsumed_tail
            if found:
                return found
            if not self._pending:
                self._pending = self._file.read(min(PIECE, self._left))
                self._left -= len(self._pending)
                if not self._pending:
                    break
        return b""

    def require_end(self) -> None:
        """Raise unless only padding follows; zlib verifies its checksum as it finds the end."""
        if len(self.read(PADDING)) == PADDING or self.read(1) or not self._inflate.eof:
            raise EOFError("its compressed content goes on where it should end")
