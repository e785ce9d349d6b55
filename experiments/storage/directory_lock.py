"""One command at a time in a directory: an exclusive lock on the file ``.lock`` in it, held by filelock.

The kernel gives the lock back when the process ends, however it ends: the file that a killed one leaves means nothing,
and goes with the next lock. On Unix it is a BSD lock (``flock``): it holds between the processes of one machine, and
between machines on network file systems that pass it on (NFS since Linux 2.6.12 with a lock service, Lustre mounted
with ``-o flock``, GPFS). Where the file system knows no locks, nothing is locked.
"""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import cannot_write, make_directory, remove_leftovers

LOCK = ".lock"
CONFIG = "config.json"
"""The file that a run's directory has."""
TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")
"""Names of files that are not in their place yet (`experiments.storage.atomic_write`, `paper_figures.style.save`)."""
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
SECONDS_BETWEEN_TRIES = 0.1
SECONDS_FOR_ANOTHER_TO_END = 10.0
"""How long a worker waits for the one before it, which ends soon after the command that started it was killed."""


@contextmanager
def directory_lock(directory: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold a directory that exists while the block runs; what killed writers have left in it is removed before.

    A thread that holds it may do so again inside the block: a command and what it calls hold the same directory.

    Parameters
    ----------
    patience
        Seconds to wait for another holder: a worker whose command was killed may take a moment to end.

    Raises
    ------
    RunDirectoryError
        If another process holds it for longer than that, or the file cannot be written.
    """
    path = directory.absolute() / LOCK
    # No existence of a file as a lock where there is no other: a killed run would leave it behind. One instance for
    # each path: it counts how often its thread holds the lock.
    lock = FileLock(path, poll_interval=SECONDS_BETWEEN_TRIES, fallback_to_soft=False, is_singleton=True)
    try:
        directory.stat()  # filelock would make a directory that is missing
        lock.acquire(timeout=patience)
    except Timeout:
        raise RunDirectoryError(
            f"{directory}: is in use by {_holder(path)}; wait for it to end, or choose another directory"
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise cannot_write(path, error) from error
    is_outermost = lock.lock_counter <= 1
    try:
        if is_outermost:
            _name_holder(path)
            _remove_leftovers(directory)
        yield
    finally:
        if is_outermost:
            with suppress(OSError):  # Windows removes no file that is open
                path.unlink()  # before the release: afterwards it may be another holder's
        lock.release()


@contextmanager
def held_directory(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Make a directory, unless it is there already, and hold it while the block runs (`directory_lock`).

    Raises
    ------
    RunDirectoryError
        If it cannot be made, or another process holds it for longer than `patience` seconds.
    """
    with directory_lock(make_directory(path), patience):
        yield


def _remove_leftovers(directory: Path) -> None:
    """Remove temporary files, also from subdirectories such as ``figures``, unless those are runs of their own."""
    with suppress(OSError):  # what cannot be read here is told where it is needed
        entries = [path for path in directory.iterdir() if path.is_dir() and not path.is_symlink()]
        for each in (directory, *(path for path in entries if not (path / CONFIG).exists())):
            for path in each.iterdir():
                if (temporary := TEMPORARY.fullmatch(path.name)) is not None and path.is_file():
                    remove_leftovers(path.with_name(temporary[1]))


def _name_holder(path: Path) -> None:
    """Write into the file who holds the lock, for the message to others."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    with suppress(OSError):
        path.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since}\n", encoding="utf-8")


def _holder(path: Path) -> str:
    """Who holds the lock, as it wrote into the file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or "another process"
    except OSError:
        return "another process"
