"""Preloaded by the sweep's own worker processes, before they take jobs."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Ignore Ctrl-C and SIGTERM, which may be sent to every process: the submitting one asks the jobs to stop.

    It is the library that ends a worker when the submitting process ends, or when it does not answer; it needs neither
    of the two signals for that. They are blocked when the process begins, but starting a process of its own through
    `multiprocessing` would lift that.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
