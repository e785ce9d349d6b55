"""One training at a time in a run directory: an exclusive lock on a file in it.

The kernel gives the lock back when the process ends, however it ends, so a killed run leaves nothing to clean up; the
file itself stays and means nothing. It is a BSD lock (``flock``): it holds between the processes of one machine, and
between machines on network file systems that pass it on (NFS since Linux 2.6.12 with a lock service, Lustre mounted
with ``-o flock``, GPFS). Where the file system knows no locks, or the platform has none (Windows), nothing is locked.
"""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curvature.errors import RunDirectoryError
from experiments.atomic_write import cannot_write

NAME = "training.lock"
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def run_lock(directory: Path) -> Iterator[None]:
    """Hold the run directory for training while the block runs.

    Raises
    ------
    RunDirectoryError
        If another process trains there, or the file cannot be written.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    path = directory / NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            raise RunDirectoryError(
                f"{directory}: is being trained by {holder}; wait for it to end, or choose another directory"
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise cannot_write(path, error) from error
        _sign(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def _sign(path: Path, descriptor: int) -> None:
    """Say in the locked file who holds it."""
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    except OSError as error:
        raise cannot_write(path, error) from error
