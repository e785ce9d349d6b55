"""Checksums of data files.

An official file is compared with the published checksum. Nobody publishes checksums of files of the npz layout: they
are compared with the one that was recorded when `data verify` first read them.
"""

from pathlib import Path

from experiments.data.errors import ChecksumError
from experiments.data.location import cache_directory
from experiments.storage.atomic_write import make_directory, write_json
from experiments.storage.file_digest import file_digest
from experiments.storage.strict_json import read_json

RECORD = "checksums.json"


def file_checksum(path: Path, algorithm: str = "sha256") -> str:
    """Digest of a file as ``sha256:...`` or ``md5:...``."""
    return f"{algorithm}:{file_digest(path, algorithm)}"


def require_checksum(path: Path, expected: str, origin: str) -> None:
    """Raise unless the file has this checksum.

    Parameters
    ----------
    expected
        ``sha256:...`` or ``md5:...``.
    origin
        Which sum that is, for the message: `published one` or `recorded one`.

    Raises
    ------
    ChecksumError
        If it has another one.
    """
    algorithm = expected.partition(":")[0]
    found = file_checksum(path, algorithm)
    if found != expected:
        raise ChecksumError(
            f"{path}: its checksum {found} is not the {origin} {expected}; the file is damaged or another one: "
            "delete it and fetch or copy it anew"
        )


def require_recorded(path: Path) -> bool:
    """Compare a file with its recorded checksum, or record it the first time; True if it was recorded before.

    The record is kept in the cache, by the file's absolute place.

    Raises
    ------
    ChecksumError
        If the file has changed since it was recorded.
    RunDirectoryError
        If the record cannot be written.
    """
    sums, key = _recorded(), str(path.resolve())
    if key in sums:
        origin = f"recorded one (in {_record_path()}: remove its line there if you changed the file on purpose)"
        require_checksum(path, sums[key], origin)
        return True
    make_directory(_record_path().parent)
    write_json(_record_path(), {**sums, key: file_checksum(path)})
    return False


def is_recorded(path: Path) -> bool:
    """Whether a file's checksum was recorded before.

    Raises
    ------
    ChecksumError
        If the record itself is damaged.
    """
    return str(path.resolve()) in _recorded()


def _record_path() -> Path:
    return cache_directory() / RECORD


def _recorded() -> dict[str, str]:
    """The record; empty where there is none yet.

    A damaged record is an error. A new one in its place would accept whatever the files are now.
    """
    try:
        sums = read_json(_record_path())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ChecksumError(f"{_record_path()}: the record of checksums is damaged ({error}); delete it") from error
    if not isinstance(sums, dict):
        raise ChecksumError(f"{_record_path()}: the record of checksums is no mapping; delete it")
    return {str(key): str(value) for key, value in sums.items()}
