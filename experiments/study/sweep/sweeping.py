"""A whole sweep: plan its jobs, run those that are not finished, and collect what all of them found."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from curvature.errors import ConfigError, ToolkitError
from experiments.interruption import INTERRUPTED
from experiments.study.sweep.cluster import local_workers, require_distributed, running_scheduler, usable_processors
from experiments.study.sweep.completion import is_finished
from experiments.study.sweep.config import SweepConfig
from experiments.study.sweep.job_log import NAME as JOB_LOG
from experiments.study.sweep.planning import ExperimentOf, Job, plan_jobs
from experiments.study.sweep.record import sweep_directory
from experiments.study.sweep.results import collect_results, write_results
from experiments.study.sweep.running import Watch, run_jobs

if TYPE_CHECKING:
    from distributed import Client


class SweepInterrupted(ToolkitError):  # noqa: N818 - stopping on request is no error
    """The sweep was stopped by Ctrl-C or SIGTERM."""

    exit_code = INTERRUPTED


class SweepWatch(Watch, Protocol):
    """What is told of a whole sweep: first its plan, then what `run_jobs` tells."""

    def planned(self, jobs: Sequence[Job], finished: Sequence[Job]) -> None:
        """Take note of all jobs, and of those among them that were finished before."""
        ...


@dataclass(frozen=True)
class Failure:
    """A job that failed or was given up."""

    job: str
    """Its name."""
    message: str
    """What stopped it."""
    log: Path
    """What it printed, with the traceback."""


@dataclass(frozen=True, eq=False)
class SweepResult:
    """What came out of a sweep."""

    results: pd.DataFrame = field(repr=False)
    """Tidy rows of the finished jobs (`experiments.study.sweep.results.collect_results`)."""
    table: Path
    """The same as a file, ``sweep.csv``."""
    failures: tuple[Failure, ...]
    """The jobs that did not finish."""


def run_sweep(
    config: SweepConfig,
    out: Path,
    watch: SweepWatch,
    experiment_of: ExperimentOf,
    workers: int | None = None,
    scheduler: str | None = None,
) -> SweepResult:
    """Run the jobs of a sweep that are not finished yet, and collect what all of them found.

    Parameters
    ----------
    config
        Train sets, models, seeds and inputs.
    out
        The sweep's directory: run directories, ``sweep.json`` and ``sweep.csv``.
    watch
        Is told what goes on.
    experiment_of
        Makes the configuration of one training run, such as `experiments.paper.presets.preset_experiment`.
    workers
        Worker processes on this machine, one thread each; as many as there are processors (and jobs) unless given.
    scheduler
        Address of a running scheduler, whose workers are used instead.

    Raises
    ------
    UnknownNameError, ConfigError
        If a name does not exist or a setting cannot be; nothing has begun then.
    RunDirectoryError
        If `out` holds another sweep, another process is at work in it, or it cannot be written.
    ClusterError
        If the scheduler cannot be reached, or not any more.
    SweepInterrupted
        On Ctrl-C; what was reached is kept.
    """
    require_distributed()
    if workers is not None and (workers < 1 or scheduler is not None):
        raise ConfigError("--workers: expected at least 1, and no --scheduler beside it, which has its own workers")
    jobs = plan_jobs(config, out, experiment_of)
    with sweep_directory(out, config, jobs):
        finished = [job for job in jobs if is_finished(job)]
        watch.planned(jobs, finished)
        waiting = [job for job in jobs if job not in finished]
        outcomes = {}
        if waiting:
            with _says_how_to_go_on(out, jobs), _client(workers, scheduler, len(waiting)) as client:
                outcomes = run_jobs(client, waiting, watch)
        messages = {name: outcome.message for name, outcome in outcomes.items()}
        finished = [job for job in jobs if is_finished(job)]
        results = collect_results(finished)
        return SweepResult(
            results=results,
            table=write_results(out, results),
            failures=tuple(
                Failure(job.name, messages.get(job.name) or _unseen(job), job.path / JOB_LOG)
                for job in jobs
                if job not in finished
            ),
        )


@contextmanager
def _client(workers: int | None, scheduler: str | None, jobs: int) -> Iterator["Client"]:
    if scheduler is not None:
        with running_scheduler(scheduler) as client:
            yield client
    else:
        with local_workers(min(workers or usable_processors(), jobs)) as client:
            yield client


@contextmanager
def _says_how_to_go_on(out: Path, jobs: Sequence[Job]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        done = sum(is_finished(job) for job in jobs)
        raise SweepInterrupted(
            f"sweep interrupted: {done} of {len(jobs)} jobs are finished, and what the others have reached is kept "
            f"in {out}; give the same command again to go on"
        ) from None


def _unseen(job: Job) -> str:
    return f"its worker says that it is done, but {job.path} does not hold its files; do all machines share this path?"
