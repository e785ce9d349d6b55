"""The demo's two directions, each in its own process with one thread: small convolutions gain nothing from more."""

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from queue import Queue

from curvature.errors import ToolkitError
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparing import compare_inputs
from experiments.study.configuration import ComparisonConfig, ExperimentConfig
from experiments.study.trained_model import load_run, train_run

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Direction:
    """Train on one set and compare all inputs with it, in one run directory."""

    run: RunDirectory
    experiment: ExperimentConfig
    comparison: ComparisonConfig


@dataclass(frozen=True)
class Report:
    """How far a direction is."""

    train_set: str
    doing: str
    done: int
    total: int


class DirectionFailed(ToolkitError):  # noqa: N818 - it carries another error's message across processes
    """A direction stopped with an error; the message is the original one."""


def run_directions(directions: list[Direction], jobs: int, show: Callable[[Report], None]) -> None:
    """Run the directions in `jobs` processes, and show their reports as they come.

    Raises
    ------
    DirectionFailed
        If one of them stopped with an error of the toolkit.
    KeyboardInterrupt
        On Ctrl-C, after every direction has kept its checkpoint.
    """
    context = get_context("spawn")
    with context.Manager() as manager:
        reports = manager.Queue()
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_use_one_thread) as pool:
            futures = [pool.submit(_run_direction, direction, reports) for direction in directions]
            with _waits_for_checkpoints(futures):
                for report in _reports_until_done(futures, reports):
                    show(report)
        for future in futures:
            if message := future.result():
                raise DirectionFailed(message)


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _run_direction(direction: Direction, reports: "Queue[Report]") -> str | None:
    """Train, unless that is done, and compare; the message of the error that stopped it, if one did."""
    run, train_set = direction.run, direction.experiment.data.train_set

    def training(step: int, steps: int, bits_per_dim: float, images_per_second: float, seconds_left: float) -> None:
        doing = f"training: {bits_per_dim:.3f} bits/dim, {images_per_second:.0f} images/s, {seconds_left:.0f} s left"
        reports.put(Report(train_set, doing, step, steps))

    def comparing(done: int, total: int, name: str) -> None:
        reports.put(Report(train_set, f"curvature on {name}", done, total))

    try:
        outputs = ("checkpoint.safetensors", "log.csv", "environment.json")
        train = partial(train_run, run, resume=True, progress=training)
        run.stage("train", direction.experiment, outputs, train)
        compare_inputs(load_run(run.path), direction.comparison, run, comparing)
    except ToolkitError as error:
        return str(error)
    return None


@contextmanager
def _waits_for_checkpoints(futures: list["Future[str | None]"]) -> Iterator[None]:
    """On Ctrl-C, which reaches the workers too, let them keep their checkpoints before it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        wait(futures)
        raise


def _reports_until_done(futures: list["Future[str | None]"], reports: "Queue[Report]") -> Iterator[Report]:
    """Yield reports until every direction has ended or one has failed, then those that are left."""
    while wait(futures, timeout=0, return_when=FIRST_EXCEPTION).not_done:
        try:
            yield reports.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
    while not reports.empty():
        yield reports.get()
