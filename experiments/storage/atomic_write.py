"""Files that are whole or absent: written beside their place, flushed to disk, then renamed over the old version."""

import glob
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from curvature.errors import RunDirectoryError


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same directory, which takes the place of `path` when the block ends well.

    Whatever ends the block early, Ctrl-C included, the temporary file is removed and the old file stays as it was. The
    rename is atomic, so a reader, or a machine that loses power, sees either the old file or the new one.

    Raises
    ------
    RunDirectoryError
        If the file cannot be written: directory missing or not writable, disk full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, path)
        _flush_to_disk(path.parent)
    except RunDirectoryError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # the parent may be no directory at all
            temporary.unlink()


def remove_leftovers(path: Path) -> None:
    """Remove what processes that were killed while they replaced this file have left beside it.

    Nobody else may be writing the file meanwhile.
    """
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with suppress(OSError):
            temporary.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file by these bytes, atomically."""
    with replacement(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Replace the file by this text (UTF-8), atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Replace the file by this value as indented JSON, atomically; NaN and infinity raise ValueError."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def make_directory(path: Path) -> Path:
    """Make a directory and its parents, unless it is there already; its path.

    Raises
    ------
    RunDirectoryError
        If it is a file, or cannot be made.
    """
    if path.exists() and not path.is_dir():
        raise RunDirectoryError(f"{path}: is a file, expected a directory; choose another directory")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def cannot_write(path: Path, error: OSError) -> RunDirectoryError:
    """Word a failed write in one line: which file, why, and what to do."""
    return RunDirectoryError(
        f"{path}: cannot be written ({error.strerror or error}); check the directory's permissions and free space, "
        "or choose another directory"
    )


def _flush_to_disk(path: Path) -> None:
    """Force a file's bytes, or a directory's entries, out of the cache."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open a directory, and orders its renames itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
