"""Files that are whole or absent: written beside their place, flushed to disk, then renamed over the old version.

While a temporary file is written, its writer holds a lock on it, which the kernel gives back when the process ends. A
temporary file that nobody holds was left behind by a process that was killed, and is removed when the same file is
written again. Two processes that write the same file do not disturb each other: the later rename wins.
"""

import glob
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from curvature.errors import RunDirectoryError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same directory, which takes the place of `path` when the block ends well.

    The temporary file exists already and is empty. Whatever ends the block early, Ctrl-C included, it is removed and
    the old file stays as it was. The rename is atomic, so a reader, or a machine that loses power, sees either the old
    file or the new one.

    Raises
    ------
    RunDirectoryError
        If the file cannot be written: directory missing or not writable, disk full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        remove_leftovers(path)
        with _held(temporary):
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
    """Remove what processes that were killed while they replaced this file have left beside it."""
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with suppress(OSError):  # its writer holds it, or another process has removed it
            _remove_unless_held(temporary)


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


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Make a new file and hold its lock during the block; where the file system knows no locks, without one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        if fcntl is None:  # Windows renames no file that is open
            os.close(descriptor)
        else:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        if fcntl is not None:
            os.close(descriptor)


def _remove_unless_held(path: Path) -> None:
    if fcntl is None:  # Windows removes no file that is open
        path.unlink()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(descriptor)


def _flush_to_disk(path: Path) -> None:
    """Force a file's bytes, or a directory's entries, out of the cache."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open a directory, and orders its renames itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
