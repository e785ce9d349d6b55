"""Members of a zip or tar archive, or of the folder it was extracted to, read one after the other into memory.

Nothing is extracted to disk. Archives come from the network, so a member whose name would lead out of a folder, and
anything that is no plain file, is refused before its content is looked at.
"""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from experiments.data.errors import DataFileError, damaged

Wanted = Callable[[str], bool]
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def members(archive: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file whose name is wanted; tar archives in their own order, the others sorted.

    Raises
    ------
    DataFileError
        If the archive is damaged or truncated, or has a member that is refused.
    """
    try:
        if archive.is_dir():
            yield from _folder_members(archive, wanted)
        elif zipfile.is_zipfile(archive):
            yield from _zip_members(archive, wanted)
        else:
            yield from _tar_members(archive, wanted)
    except DataFileError:
        raise
    except BROKEN as error:
        raise damaged(archive, error) from error


def read_members(archive: Path, names: Sequence[str]) -> dict[str, bytes]:
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


def _folder_members(folder: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder.parent).as_posix()
        if path.is_file() and wanted(name):
            yield name, path.read_bytes()


def _zip_members(archive: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as file:
        infos = sorted(file.infolist(), key=_zip_name)
        for info in infos:
            require_safe_name(info.filename, archive)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _refuse_link(info.filename, archive)
        for info in infos:
            if not info.is_dir() and wanted(info.filename):
                yield info.filename, file.read(info)


def _zip_name(info: zipfile.ZipInfo) -> str:
    return info.filename


def _tar_members(archive: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive, "r:*") as file:
        for info in file:
            require_safe_name(info.name, archive)
            if not (info.isfile() or info.isdir()):
                raise _refuse_link(info.name, archive)
            if info.isfile() and wanted(info.name):
                content = file.extractfile(info)
                assert content is not None
                data = content.read()
                if len(data) != info.size:
                    raise damaged(archive, f"its member {info.name!r} is cut off")
                yield info.name, data


def _base(name: str) -> str:
    return PurePosixPath(name).name
