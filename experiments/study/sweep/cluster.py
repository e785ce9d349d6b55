"""Where jobs run: worker processes of this machine, or a scheduler of distributed that runs somewhere else."""

import asyncio
import importlib.util
import logging
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curvature.errors import ConfigError, ToolkitError

if TYPE_CHECKING:
    from distributed import Client

SECONDS_TO_CONNECT = 5.0


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
            # Any free port: the usual one may belong to another cluster, or to another sweep of this machine.
            dashboard_address="127.0.0.1:0",
            preload=["experiments.study.sweep.worker_setup"],
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
        If no scheduler answers there in time, or something else does.
    """
    from distributed import Client

    _require_scheduler(address, timeout)
    with Client(address, timeout=timeout, set_as_default=False) as client:
        yield client


def _require_scheduler(address: str, timeout: float) -> None:
    """Ask whoever listens at the address whether it is a scheduler; a Client would try and log on for a long time."""
    from distributed.core import rpc

    async def identity() -> dict[str, Any]:
        async with rpc(address, timeout=timeout) as remote:
            return dict(await remote.identity())

    try:
        kind = asyncio.run(asyncio.wait_for(identity(), timeout + 1)).get("type")
        why = "" if kind == "Scheduler" else f"a {kind} of distributed answers"
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        why = _reason(error)
    except Exception:  # the words of another protocol are read as sizes and keys: anything may be raised
        why = "what answers there does not speak its protocol"
    if why:
        raise ClusterError(
            f"no scheduler answers at {address!r} ({why}); start one with `dask scheduler` and give the address "
            "that it prints, such as tcp://10.0.0.7:8786"
        )


def _reason(error: BaseException) -> str:
    """What is at the root of an error, in a few words."""
    while error.__cause__ is not None:
        error = error.__cause__
    words = " ".join(str(error).split()) or f"no answer ({type(error).__name__})"
    return re.sub(r"^in <[^>]*>: ", "", words)[:160]


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back until the block has ended: half a cluster could not be closed."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
