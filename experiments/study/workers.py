"""A pool of worker processes with one torch thread each; small convolutions gain nothing from more threads."""

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from typing import cast

from curvature.errors import ConfigError, ToolkitError
from experiments.interruption import Termination, sigterm_as_ctrl_c
from experiments.study.parent_watch import end_with_parent
from experiments.study.progress import SILENT, Progress

POLL_SECONDS = 0.1

Job = Callable[[Progress], object]
"""Work that a process can be sent: a module's function, or a partial of one. What it returns is dropped."""

ProgressOf = Callable[[str], Progress]
"""Who watches the job of a name."""

Report = tuple[str, tuple[int, int, str] | str | None]
"""A job's name, and what it tells: progress, a line for the user, or None for its end."""

Futures = Mapping[str, "Future[str | None]"]
"""The jobs that were submitted, by their names."""


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

    The worker processes end with this one, even when it is killed.

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
        On Ctrl-C, after the running jobs have kept what they keep when they are interrupted. A second Ctrl-C kills
        them. An error that a watcher raises stops the jobs in the same way.
    """
    context = get_context("spawn")
    reports: Queue[Report] = context.Queue()
    stop_reader, stop_writer = context.Pipe(duplex=False)
    link = _Link(reports, stop_reader)
    with stop_reader, stop_writer, ProcessPoolExecutor(processes, context, _begin_worker, (link,)) as pool:
        watchers = {name: progress_of(name) for name in jobs}
        futures: dict[str, Future[str | None]] = {}
        try:
            with _interrupts_ignored():  # new processes inherit this; `_run` changes it while a job runs
                for name, job in jobs.items():
                    futures[name] = pool.submit(_run, job, name)
                # The pool begins to watch a new process when something is submitted after it, or a job ends. Without
                # this it may miss that the last process was killed, and wait for ever.
                pool.submit(_nothing)
            _pass_on(reports, futures, watchers)
        except BaseException:  # also of a watcher: the pool would wait until all jobs have ended
            _stop_jobs(reports, futures, stop_writer)
            raise
    _raise_failures(futures)


def _raise_failures(futures: Futures) -> None:
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


@dataclass(frozen=True)
class _Link:
    """What connects a worker with the process that started it."""

    reports: "Queue[Report]"
    """Takes what the jobs tell."""
    stop: Connection
    """Has something to read once the jobs must stop. Nobody reads it, so that all workers see it. An Event would not
    do: a worker that is killed while it looks at one leaves it locked for all others."""


_link: _Link | None = None
"""This worker's; None in a process that is no worker."""


def _begin_worker(link: _Link) -> None:
    global _link
    _link = link
    end_with_parent()
    import torch

    torch.set_num_threads(1)


def _run(job: Job, name: str) -> str | None:
    """Run a job in a worker; the message of the toolkit's error that stopped it, if one did.

    Errors do not travel as exceptions: not all of them can be pickled.
    """
    link = cast(_Link, _link)

    def show(done: int, total: int, what: str) -> None:
        _raise_if_stopped(link)
        link.reports.put((name, (done, total, what)))

    def say(words: str) -> None:
        link.reports.put((name, words))

    try:
        _raise_if_stopped(link)  # a job that waits at a worker cannot be cancelled any more
        with _interruptible():
            job(Progress(show, say))
    except ToolkitError as error:
        return str(error)
    finally:
        link.reports.put((name, None))
    return None


def _nothing() -> None:
    """Do nothing."""


def _raise_if_stopped(link: _Link) -> None:
    if link.stop.poll():
        raise KeyboardInterrupt("asked to stop")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM interrupt the job; a worker that got a SIGTERM ends after the job has kept its state.

    A terminal sends Ctrl-C to every process. Between jobs it would leave a traceback, so it is ignored there; SIGTERM,
    by which the library ends workers after one of them was killed, does then what it does by default.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    termination = Termination()
    try:
        with sigterm_as_ctrl_c() as termination:
            yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if termination.received:
            os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that ignore Ctrl-C until they take a job, also while Python starts in them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop_jobs(reports: "Queue[Report]", futures: Futures, stop: Connection) -> None:
    """Ask the jobs to stop, and wait until they have; their processes need not have received the Ctrl-C."""
    stop.send_bytes(b"stop")
    for future in futures.values():
        future.cancel()
    try:
        _pass_on(reports, futures, dict.fromkeys(futures, SILENT))
    except KeyboardInterrupt:
        for process in active_children():
            process.kill()
        raise


def _pass_on(reports: "Queue[Report]", futures: Futures, watchers: Mapping[str, Progress]) -> None:
    """Tell the watchers what the jobs report, until every job has ended."""
    pending = set(futures)
    while pending:
        try:
            name, told = reports.get(timeout=POLL_SECONDS)
        except queue.Empty:
            # A job that was cancelled, or whose worker was killed, does not report its end.
            pending -= {name for name in pending if _ended_without_a_word(futures[name])}
            continue
        if told is None:
            pending.discard(name)
        elif isinstance(told, str):
            watchers[name].say(told)
        else:
            watchers[name](*told)


def _ended_without_a_word(future: "Future[str | None]") -> bool:
    return future.cancelled() or (future.done() and future.exception() is not None)
