"""Members of a zip or tar archive, or of the folder it was extracted to, read one after the other into memory.

Nothing is extracted to disk. Archives come from the network, so a member whose name would lead out of a folder, and
anything that is no plain file, is refused before its content is looked at, and no header can ask for memory without
end.
"""

import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, cast

from experiments.data.errors import DataFileError, damaged
from experiments.data.formats.streams import LARGEST_MEMBER, PIECE, read_all, read_exactly
from experiments.storage.plain_file import open_plain

Wanted = Callable[[str], bool]
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    struct.error,
)
DESCRIBE_OTHERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
"""Types of tar members that hold a long name, or other properties, of the next one."""
LONGEST_DESCRIPTION = 1 << 16
END_RECORD, LONGEST_END_RECORD = b"PK\x05\x06", 22 + 0xFFFF
LOCATOR, LOCATOR_BYTES = b"PK\x06\x07", 20


def members(archive: Path, wanted: Wanted, largest: int = LARGEST_MEMBER) -> Iterator[tuple[str, bytearray]]:
    """Yield name and content of every file whose name is wanted; tar archives in their own order, the others sorted.

    Parameters
    ----------
    largest
        Bytes that a wanted file may have.

    Raises
    ------
    DataFileError
        If the archive is damaged or truncated, or has a member that is refused.
    """
    try:
        if archive.is_dir():
            yield from _folder_members(archive, wanted, largest)
            return
        with open_plain(archive) as file:
            if zipfile.is_zipfile(file):
                yield from _zip_members(file, archive, wanted, largest)
            else:
                file.seek(0)
                yield from _tar_members(file, archive, wanted, largest)
    except DataFileError:
        raise
    except BROKEN as error:
        raise damaged(archive, getattr(error, "strerror", None) or error) from error


def read_members(archive: Path, names: Sequence[str]) -> dict[str, bytearray]:
    """Contents of the members with these file names, in whatever folder of the archive they lie.

    Raises
    ------
    DataFileError
        As `members`, or if one is missing.
    """
    contents = {_base(name): content for name, content in members(archive, lambda name: _base(name) in names)}
    if missing := [name for name in names if name not in contents]:
        raise damaged(archive, f"it has no member {', '.join(missing)}")
    return contents


def require_safe_name(name: str, archive: Path) -> None:
    """Raise unless the name is relative and stays inside the folder it is relative to, on any system.

    Raises
    ------
    DataFileError
        If it does not.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name or name.startswith(("/", "\\")) or PureWindowsPath(name).drive or ".." in parts:
        raise DataFileError(
            f"{archive}: refused, its member {name!r} leads out of the archive's folder; get the file from its "
            "official source"
        )


def _refuse_link(name: str, archive: Path) -> DataFileError:
    return DataFileError(
        f"{archive}: refused, its member {name!r} is a link or a device, not a plain file; get the file from its "
        "official source"
    )


def _folder_members(folder: Path, wanted: Wanted, largest: int) -> Iterator[tuple[str, bytearray]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder.parent).as_posix()
        if wanted(name) and not path.is_dir():
            with open_plain(path) as file:
                yield name, read_all(file, largest)


def _zip_members(file: BinaryIO, archive: Path, wanted: Wanted, largest: int) -> Iterator[tuple[str, bytearray]]:
    with zipfile.ZipFile(file) as opened:
        infos = sorted(opened.infolist(), key=_zip_name)
        for info in infos:
            require_safe_name(info.filename, archive)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _refuse_link(info.filename, archive)
        if len({info.filename for info in infos}) < len(infos) or not _are_all(infos, file):
            raise damaged(archive, "its directory lacks members, or lists one twice")
        for info in infos:
            # Those that nobody wants are opened, too: zipfile compares the two places where the name stands.
            with opened.open(info) as stream:
                if not info.is_dir() and wanted(info.filename):
                    yield info.filename, read_all(stream, largest)


def _zip_name(info: zipfile.ZipInfo) -> str:
    return info.filename


def _are_all(infos: Sequence[zipfile.ZipInfo], file: BinaryIO) -> bool:
    """Whether the record at the archive's end counts as many members and bytes of directory; zipfile does not ask."""
    start = max(0, file.seek(0, os.SEEK_END) - LONGEST_END_RECORD)
    file.seek(start)
    tail = file.read(LONGEST_END_RECORD)
    place = tail.rfind(END_RECORD)
    if tail[:place][-LOCATOR_BYTES:].startswith(LOCATOR):  # a larger archive, which counts elsewhere
        return True
    count, length, offset = struct.unpack_from("<HII", tail, place + 10)
    return count == len(infos) & 0xFFFF and offset + length == start + place


class _SmallHeaders(tarfile.TarInfo):
    """A member of a tar archive whose header may not ask for memory, or for a step back: tarfile believes it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_SmallHeaders":
        """Read a header of 512 bytes."""
        info = super().frombuf(buf, encoding, errors)
        if info.size < 0 or (info.type in DESCRIBE_OTHERS and info.size > LONGEST_DESCRIPTION):
            raise tarfile.ReadError(f"a header asks for {info.size} bytes")
        return info


def _tar_members(file: BinaryIO, archive: Path, wanted: Wanted, largest: int) -> Iterator[tuple[str, bytearray]]:
    with tarfile.open(fileobj=file, mode="r:*", tarinfo=_SmallHeaders) as opened:
        for info in opened:
            require_safe_name(info.name, archive)
            if not (info.isfile() or info.isdir()) or info.sparse is not None:
                raise _refuse_link(info.name, archive)
            if info.isfile() and wanted(info.name):
                if not 0 <= info.size <= largest:
                    raise damaged(archive, f"its member {info.name!r} is said to have {info.size} bytes")
                content = opened.extractfile(info)
                assert content is not None
                yield info.name, read_exactly(content, info.size)
        # A compressed archive has its checksum at the very end, behind what tarfile reads.
        while cast(BinaryIO, opened.fileobj).read(PIECE):
            pass


def _base(name: str) -> str:
    return PurePosixPath(name).name
