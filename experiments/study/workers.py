"""A pool of worker processes, one torch thread each: small convolutions gain nothing from more."""

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from queue import Queue
from threading import Event
from typing import Any

from curvature.errors import ConfigError, ToolkitError
from experiments.study.progress import Progress

POLL_SECONDS = 0.1

Job = Callable[[Progress], object]
"""Work that a process can be sent: a module's function, or a partial of one. What it returns is dropped."""

ProgressOf = Callable[[str], Progress]
"""Who watches the job of a name."""


class JobFailed(ToolkitError):  # noqa: N818 - it carries another error's message across processes
    """A job stopped with an error; the message is the original one, after the job's name."""


class WorkerKilled(ToolkitError):  # noqa: N818 - the cause lies outside the toolkit
    """A worker process was killed."""


def require_processes(count: int) -> None:
    """Raise a ConfigError unless there is one process at least (the option `--jobs`)."""
    if count < 1:
        raise ConfigError(f"--jobs: expected at least 1, got {count}")


def run_jobs(jobs: Mapping[str, Job], processes: int, progress_of: ProgressOf) -> None:
    """Run jobs in worker processes; an error in one of them does not stop the others.

    Parameters
    ----------
    jobs
        By their names.
    processes
        How many work at the same time.
    progress_of
        Told, in this process, what the jobs tell.

    Raises
    ------
    JobFailed
        If jobs stopped with errors of the toolkit, after all have ended.
    WorkerKilled
        If a process was killed from outside.
    KeyboardInterrupt
        On Ctrl-C, after the running jobs have kept what they keep when they are interrupted.
    """
    context = get_context("spawn")
    with context.Manager() as manager:
        reports: Queue[Any] = manager.Queue()
        stop: Event = manager.Event()
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_use_one_thread) as pool:
            with _interrupts_ignored():  # new processes inherit this; `_run` changes it while a job runs
                futures = {name: pool.submit(_run, job, name, reports, stop) for name, job in jobs.items()}
            with _stops_jobs(list(futures.values()), stop):
                _pass_on(reports, list(futures.values()), {name: progress_of(name) for name in jobs})
        _raise_failures(futures)


def _raise_failures(futures: Mapping[str, "Future[str | None]"]) -> None:
    """Raise one error for all jobs that failed; nothing if none did."""
    try:
        messages = {name: future.result() for name, future in futures.items()}
    except BrokenProcessPool as error:
        raise WorkerKilled(
            "a worker process was killed, most often for want of memory; run the command again with fewer --jobs: "
            "what is finished is kept"
        ) from error
    failures = [f"{name}: {message}" for name, message in messages.items() if message is not None]
    if failures:
        raise JobFailed("; ".join(failures))


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _run(job: Job, name: str, reports: "Queue[Any]", stop: Event) -> str | None:
    """Run a job in a worker; the message of the toolkit's error that stopped it, if one did.

    Errors do not travel as exceptions: not all of them can be pickled.
    """

    def show(done: int, total: int, what: str) -> None:
        _raise_if_set(stop)
        reports.put((name, (done, total, what)))

    def say(words: str) -> None:
        reports.put((name, words))

    _raise_if_set(stop)  # a job that waits at a worker cannot be cancelled any more
    # A terminal sends Ctrl-C to every process. Between jobs it would leave a traceback, so it is ignored there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        job(Progress(show, say))
    except ToolkitError as error:
        return str(error)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return None


def _raise_if_set(stop: Event) -> None:
    if stop.is_set():
        raise KeyboardInterrupt("asked to stop")


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that ignore Ctrl-C until they take a job: not even Python has started in them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _stops_jobs(futures: list["Future[str | None]"], stop: Event) -> Iterator[None]:
    """On Ctrl-C, which need not have reached the workers, ask the jobs to stop, and wait until they have."""
    try:
        yield
    except KeyboardInterrupt:
        stop.set()
        for future in futures:
            future.cancel()
        wait(futures)
        raise


def _pass_on(reports: "Queue[Any]", futures: list["Future[str | None]"], watchers: Mapping[str, Progress]) -> None:
    """Tell the watchers what the jobs report, until every job has ended."""
    while True:
        ended = all(future.done() for future in futures)
        try:
            name, told = reports.get(timeout=0 if ended else POLL_SECONDS)
        except queue.Empty:
            if ended:
                return
            continue
        if isinstance(told, str):
            watchers[name].say(told)
        else:
            watchers[name](*told)
