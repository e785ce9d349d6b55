"""Where jobs run: worker processes of this machine, or a scheduler of distributed that runs somewhere else."""

import importlib.util
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from curvature.errors import ConfigError, ToolkitError

if TYPE_CHECKING:
    from distributed import Client

SECONDS_TO_CONNECT = 10


class ClusterError(ToolkitError, ConnectionError):
    """The scheduler cannot be reached, or not any more."""


def require_distributed() -> None:
    """Raise a ConfigError that names the extra unless the library `distributed` is installed."""
    try:
        found = importlib.util.find_spec("distributed") is not None
    except ValueError:  # barred from being imported
        found = False
    if not found:
        raise ConfigError(
            "a sweep needs the library distributed, which is not installed; "
            "install it with: pip install 'likelihood-curvature[cluster]'"
        )


def usable_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local_workers(count: int) -> Iterator["Client"]:
    """Start worker processes of one thread each, which are started anew when they die, and end them after the block.

    Ctrl-C in the terminal does not reach them: the submitting process tells them to stop, so that they can keep what
    they have reached.
    """
    from distributed import Client, LocalCluster

    # A worker's death is reported by the sweep, with the job; the library's own lines would run through the table.
    with _interrupts_held_back():
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,  # a large model on few workers is no leak
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


@contextmanager
def running_scheduler(address: str, timeout: float = SECONDS_TO_CONNECT) -> Iterator["Client"]:
    """Connect to a scheduler; it and its workers go on after the block.

    Parameters
    ----------
    address
        As the scheduler prints it, such as ``tcp://10.0.0.7:8786``.
    timeout
        Seconds to wait for an answer.

    Raises
    ------
    ClusterError
        If no scheduler answers there in time.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:  # TimeoutError is an OSError
        why = " ".join(str(error.__cause__ or error).split()) or type(error).__name__
        raise ClusterError(
            f"no scheduler answers at {address!r} ({why:.200}); start one with `dask scheduler` and give the address "
            "that it prints, such as tcp://10.0.0.7:8786"
        ) from error
    with client:
        yield client


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back during the block, and for ever in threads and processes that are started in it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
