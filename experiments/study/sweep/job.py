"""What a worker does with a job: train from the last checkpoint on, compare, and report to the submitting process."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch

from curvature.errors import ToolkitError
from experiments.storage.directory_lock import directory_lock
from experiments.storage.run_directory import RunDirectory
from experiments.study.progress import Progress, plain_lines
from experiments.study.sweep.completion import is_finished, record_finished
from experiments.study.sweep.job_log import JobLog
from experiments.study.sweep.planning import Job
from experiments.study.train_and_compare import train_and_compare
from experiments.training.errors import TrainingInterrupted

SECONDS_BETWEEN_REPORTS = 0.5
PATIENCE_WITH_LOST_WORKER = 60.0

# Output is redirected for the whole process, so a worker with several threads takes its jobs one after the other.
_ONE_AT_A_TIME = threading.Lock()
_STOPPED: set[str] = set()


@dataclass(frozen=True)
class Ticket:
    """What a job needs beside its settings."""

    sweep: str
    """Identifies this invocation of the sweep among all that share a cluster; topic of its jobs' reports."""
    environment: Mapping[str, str]
    """Environment variables of the submitting process that say where data sets lie."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    state: Literal["done", "failed", "interrupted"]
    message: str
    """Of the error that stopped it; empty for none."""
    seconds: float
    """Since the job's start on its last worker; 0 if no worker finished it."""


def run_job(job: Job, ticket: Ticket) -> Outcome:
    """Do a job on a worker of distributed; an error of the job becomes an outcome, and a traceback in the job's log.

    Errors are not sent to the submitting process as exceptions: not all of them can be pickled, and the worker would
    print them where nobody looks.
    """
    from distributed import Status, get_worker

    worker = get_worker()

    def tell(report: dict[str, Any]) -> None:
        worker.log_event(ticket.sweep, {"job": job.name, **report})

    def must_stop() -> bool:
        # A worker that reaches the end of its lifetime is about to leave: another one will go on from here.
        return ticket.sweep in _STOPPED or worker.status in (Status.closing, Status.closing_gracefully)

    with _ONE_AT_A_TIME:
        return attempt(job, ticket.environment, worker.address, tell, must_stop)


def attempt(
    job: Job,
    environment: Mapping[str, str],
    place: str,
    tell: Callable[[dict[str, Any]], None],
    must_stop: Callable[[], bool],
) -> Outcome:
    """Do a job in this process, with one thread, the submitter's data root, and output going to the job's log.

    Parameters
    ----------
    environment
        Environment variables to set for the job.
    place
        Where this is, for the log.
    tell
        Takes reports: ``{"tries": int, "place": str}`` first, then ``{"doing": str}`` now and then.
    must_stop
        Whether the job shall keep what it has reached and stop; asked after every row of the training log.
    """
    begun = time.monotonic()
    torch.set_num_threads(1)
    if not (job.path / "config.json").is_file():
        return Outcome("failed", _not_shared(job), 0.0)
    with _variables({"OMP_NUM_THREADS": "1", **environment}), JobLog(job.path) as log:
        tell({"tries": log.start_try(place), "place": place})
        try:
            do_job(job, _reports(job, tell, must_stop))
        except (KeyboardInterrupt, TrainingInterrupted) as interrupt:
            log.end_try(f"interrupted: {interrupt}")
            return Outcome("interrupted", str(interrupt), time.monotonic() - begun)
        except Exception as error:  # one job's failure must not stop the others
            log.traceback()
            message = str(error) if isinstance(error, ToolkitError) else f"{type(error).__name__}: {error}"
            log.end_try(f"failed: {message}")
            return Outcome("failed", " ".join(message.split()), time.monotonic() - begun)
        seconds = time.monotonic() - begun
        log.end_try(f"done in {seconds:.1f} s")
        return Outcome("done", "", seconds)


def do_job(job: Job, progress: Progress) -> None:
    """Train unless that is done, compare unless that is done, and record that the job is finished.

    Raises
    ------
    RunDirectoryError
        If another process is at work in the run directory and does not end within a minute.
    TrainingInterrupted, KeyboardInterrupt
        If `progress` raised KeyboardInterrupt; what training has reached is kept.
    """
    with directory_lock(job.path, PATIENCE_WITH_LOST_WORKER):
        if not is_finished(job):
            files = train_and_compare(RunDirectory.open(job.path), job.experiment, job.comparison, progress)
            record_finished(job, files)


def request_stop(sweep: str) -> None:
    """Ask this process's jobs of the sweep to keep what they have reached and to stop."""
    _STOPPED.add(sweep)


def _reports(job: Job, tell: Callable[[dict[str, Any]], None], must_stop: Callable[[], bool]) -> Progress:
    """Make progress that goes to the job's log and, now and then, to the submitting process, and may stop the job."""
    lines = plain_lines(print, job.name)
    last = -SECONDS_BETWEEN_REPORTS

    def show(done: int, total: int, what: str) -> None:
        nonlocal last
        lines(done, total, what)
        if must_stop():
            raise KeyboardInterrupt("asked to stop")
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_REPORTS:
            last = now
            tell({"doing": f"{what} ({done}/{total})"})

    return Progress(show, lines.say)


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the length of the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _not_shared(job: Job) -> str:
    return (
        f"{job.path}: the worker does not see the run directory; "
        "the sweep's directory must lie on a file system that all workers share"
    )
