"""The cluster that runs a sweep: worker processes of this machine, or a running scheduler of distributed."""

import asyncio
import importlib.util
import logging
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from curvature.errors import ConfigError, ToolkitError
from experiments.interruption import deferred_interrupt

if TYPE_CHECKING:
    from distributed import Client, Security

SECONDS_TO_CONNECT = 5.0
LOOPBACK = "127.0.0.1"
NO_WEB_PAGES: dict[str, list[str]] = {f"distributed.{server}.http.routes": [] for server in ("scheduler", "worker")}
CERTIFICATES = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
"""Environment variables that name the files of a client's certificates."""


class ClusterError(ToolkitError, ConnectionError):
    """The scheduler cannot be reached, or not any more."""


def require_distributed() -> None:
    """Raise a ConfigError that names the extra unless `distributed` and what it needs for TLS are installed."""
    missing = [name for name in ("distributed", "cryptography") if not _is_installed(name)]
    if missing:
        raise ConfigError(
            f"a sweep needs the library {missing[0]}, which is not installed; "
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

    Whoever can send messages to a scheduler or worker can run code in it. Here they listen on this machine's loopback
    address alone, and answer only those who hold the certificate that is made for this block. Their web pages are
    switched off.

    Neither Ctrl-C in the terminal nor SIGTERM stops the workers: the submitting process tells their jobs to stop, so
    that they can keep what they have reached. When the submitting process is killed, they end.
    """
    import dask
    from distributed import Client, LocalCluster, Security

    with ExitStack() as stack:
        stack.enter_context(dask.config.set(NO_WEB_PAGES))
        with deferred_interrupt() as interrupt, _signals_held_back():  # half a cluster could not be closed
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=0,  # a large model on few workers is no leak
                    host=LOOPBACK,
                    security=Security.temporary(),
                    # Any free port: the usual one may belong to another cluster, or to another sweep of this machine.
                    dashboard_address=f"{LOOPBACK}:0",
                    scheduler_kwargs={"dashboard": False},
                    preload=["experiments.study.sweep.worker_setup"],
                    # The sweep tells of a worker's death with its job; the library's lines would spoil the table.
                    silence_logs=logging.CRITICAL,
                )
            )
        if interrupt.requested:
            raise KeyboardInterrupt
        yield stack.enter_context(Client(cluster, set_as_default=False))


@contextmanager
def running_scheduler(address: str, timeout: float = SECONDS_TO_CONNECT) -> Iterator["Client"]:
    """Connect to a scheduler; it and its workers go on after the block.

    Parameters
    ----------
    address
        As the scheduler prints it, such as ``tcp://10.0.0.7:8786``. Whoever answers there can run code in this process,
        and so can everyone who can reach it, unless the address begins with ``tls://``: then only those who hold a
        certificate that the settings of `distributed` name.
    timeout
        Seconds to wait for an answer.

    Raises
    ------
    ClusterError
        If no scheduler answers there in time, or something else does, or certificates are needed and missing.
    """
    from distributed import Client, Security

    security = Security()  # from dask's settings
    if address.startswith("tls://") and security.get_connection_args("client").get("ssl_context") is None:
        raise ClusterError(
            f"the scheduler at {address!r} needs certificates, and dask's settings name none; set {CERTIFICATES}"
        )
    _require_scheduler(address, timeout, security)
    with Client(address, timeout=timeout, security=security, set_as_default=False) as client:
        yield client


def _require_scheduler(address: str, timeout: float, security: "Security") -> None:
    """Raise a ClusterError unless a scheduler answers at the address; a Client would try to log on for a long time."""
    from distributed.core import rpc

    async def identity() -> dict[str, Any]:
        async with rpc(address, timeout=timeout, connection_args=security.get_connection_args("client")) as remote:
            return dict(await remote.identity())

    try:
        kind = asyncio.run(asyncio.wait_for(identity(), timeout + 1)).get("type")
        why = "" if kind == "Scheduler" else f"a {kind} of distributed answers"
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        why = _reason(error)
    except Exception:  # what another protocol sends is read as sizes and keys: any error may be raised
        why = "what answers there does not speak its protocol"
    if why:
        raise ClusterError(
            f"no scheduler answers at {address!r} ({why}); start one with `dask scheduler` and give the address "
            "that it prints, such as tcp://10.0.0.7:8786"
        )


def _reason(error: BaseException) -> str:
    """The cause of an error in a few words."""
    while error.__cause__ is not None:
        error = error.__cause__
    words = " ".join(str(error).split()) or f"no answer ({type(error).__name__})"
    return re.sub(r"^in <[^>]*>: ", "", words)[:160]


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Block Ctrl-C and SIGTERM in this thread: processes that it starts meanwhile begin with both blocked.

    Otherwise a worker that is sent one of them while it starts would end with a traceback (`worker_setup`).
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # `multiprocessing` starts it with the first process, and unblocks both then
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ValueError:  # barred from being imported
        return False
