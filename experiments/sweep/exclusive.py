"""One process at a time in a directory: a lock that the operating system takes back when its holder dies."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from curvature.errors import RunDirectoryError
from experiments.atomic_write import cannot_write

try:
    import fcntl
except ImportError:  # Windows: nobody is kept out there
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
SECONDS_BETWEEN_TRIES = 0.2


@contextmanager
def alone_in(directory: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the directory's lock for the length of the block.

    A process that was killed holds no lock any more, whatever it left behind. File systems without locks keep nobody
    out.

    Parameters
    ----------
    patience
        Seconds to wait for another holder: a worker that a cluster has given up may take a while to die.

    Raises
    ------
    RunDirectoryError
        If another process holds the lock, or the lock file cannot be written.
    """
    try:
        file = (directory / LOCK).open("a", encoding="utf-8")
    except OSError as error:
        raise cannot_write(directory / LOCK, error) from error
    with file:
        deadline = time.monotonic() + patience
        while not _lock(file):
            if time.monotonic() >= deadline:
                raise RunDirectoryError(
                    f"{directory}: another process is at work there; wait for it to end, or choose another directory"
                )
            time.sleep(SECONDS_BETWEEN_TRIES)
        yield


def _lock(file: IO[str]) -> bool:
    """Take the lock if it is free; closing the file, or dying, gives it back."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return True
    return True
