"""One process at a time in a directory: an exclusive lock on a file in it, held by filelock.

The kernel releases the lock when the process ends, however it ends, so a killed run leaves nothing to clean up. The
lock file itself stays; it locks nothing by being there. On Unix it is a BSD lock (``flock``): it holds between the
processes of one machine, and between machines on network file systems that pass it on (NFS since Linux 2.6.12 with a
lock service, Lustre mounted with ``-o flock``, GPFS). Where the file system knows no locks, nothing is locked.
"""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import cannot_write

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
    path = directory / name
    # Not filelock's fallback, which takes the existence of a file for a lock: a killed run would leave that behind.
    lock = FileLock(path, timeout=patience, poll_interval=SECONDS_BETWEEN_TRIES, fallback_to_soft=False)
    try:
        directory.stat()  # filelock would make a directory that is missing
        lock.acquire()
    except Timeout:
        raise RunDirectoryError(
            f"{directory}: is in use by {_holder(path)}; wait for it to end, or choose another directory"
        ) from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise cannot_write(path, error) from error
    try:
        with suppress(OSError):  # the text is only for the messages of other processes
            path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    """Who holds the lock, as it wrote into the file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or "another process"
    except OSError:
        return "another process"
