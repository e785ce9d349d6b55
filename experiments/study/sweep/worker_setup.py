"""Preloaded by the sweep's own worker processes, before they take jobs."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Ignore Ctrl-C, which a terminal sends to every process: the submitting one asks the jobs to stop.

    A signal mask would not do: starting a process through `multiprocessing` lifts it again for SIGINT.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
