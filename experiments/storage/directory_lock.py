"""One process at a time in a directory: an exclusive lock on a file in it.

The kernel gives the lock back when the process ends, however it ends, so a killed run leaves nothing to clean up; the
file itself stays and means nothing. It is a BSD lock (``flock``): it holds between the processes of one machine, and
between machines on network file systems that pass it on (NFS since Linux 2.6.12 with a lock service, Lustre mounted
with ``-o flock``, GPFS). Where the file system knows no locks, or the platform has none (Windows), nothing is locked.
"""

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import cannot_write

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
SECONDS_BETWEEN_TRIES = 0.2


@contextmanager
def directory_lock(directory: Path, name: str, patience: float = 0.0) -> Iterator[None]:
    """Hold a directory while the block runs.

    Parameters
    ----------
    name
        The locked file in it.
    patience
        Seconds to wait for another holder: a worker that a cluster has given up may take a while to die.

    Raises
    ------
    RunDirectoryError
        If another process holds it for longer than that, or the file cannot be written.
    """
    if fcntl is None:
        yield
        return
    path = directory / name
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        deadline = time.monotonic() + patience
        while not _is_locked(path, descriptor):
            if time.monotonic() >= deadline:
                holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
                raise RunDirectoryError(
                    f"{directory}: is in use by {holder}; wait for it to end, or choose another directory"
                )
            time.sleep(SECONDS_BETWEEN_TRIES)
        _sign(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def _is_locked(path: Path, descriptor: int) -> bool:
    """Take the lock if it is free; closing the file, or dying, gives it back."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise cannot_write(path, error) from error
    return True


def _sign(path: Path, descriptor: int) -> None:
    """Say in the locked file who holds it."""
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    except OSError as error:
        raise cannot_write(path, error) from error
