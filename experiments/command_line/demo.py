"""`likelihood-curvature demo`: the paper's experiment in miniature, in both directions, without a download."""

from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from analysis.comparison import explains
from analysis.resolution import Order, order_of
from curvature.errors import ToolkitError
from experiments.command_line.comparison_view import show
from experiments.command_line.console import table_console
from experiments.command_line.options import DemoOptions
from experiments.command_line.progress_view import ProgressBars
from experiments.interruption import INTERRUPTED
from experiments.paper.default_inputs import default_input_names
from experiments.storage.directory_lock import directory_lock, held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import ComparisonConfig, DataConfig, ExperimentConfig
from experiments.study.memory_needs import (
    event_shape_of,
    require_memory_for_inputs,
    require_memory_for_training,
)
from experiments.study.samples import read_input_names
from experiments.study.train_and_compare import train_and_compare
from experiments.study.workers import Job, require_processes, run_jobs

SWAPPED_PAIR = ("china", "flower")
EXPLAINING_RUNGS = ("path-3", "path")


class DemoInterrupted(ToolkitError):  # noqa: N818 - stopping on request is no error
    """The demo was stopped by Ctrl-C."""

    exit_code = INTERRUPTED


def run(options: DemoOptions) -> None:
    """Train on each photograph, compare, show tables and figures, and report the gap between the photographs."""
    require_processes(options.jobs)
    console = table_console()
    settings = {name: _settings(name, options) for name in SWAPPED_PAIR}
    with held_directory(options.out):
        jobs = {name: _train_and_compare(options.out / name, *each) for name, each in settings.items()}
        try:
            with ProgressBars(console) as bars:
                run_jobs(jobs, options.jobs, bars.of)
        except KeyboardInterrupt:
            kept = f"interrupted; what was done is kept in {options.out}, run it again to go on"
            raise DemoInterrupted(kept) from None
        runs = {name: RunDirectory(options.out / name) for name in SWAPPED_PAIR}
        comparisons = {name: pd.read_csv(run.comparison_path) for name, run in runs.items()}
        for name, directory in runs.items():
            with directory_lock(directory.path):
                show(comparisons[name], directory, console)
    for name, other in (SWAPPED_PAIR, SWAPPED_PAIR[::-1]):
        _say_what_came_out(comparisons[name], f"{other}/test", console)


def _settings(train_set: str, options: DemoOptions) -> tuple[ExperimentConfig, ComparisonConfig]:
    """What is trained on one photograph and compared with it; refused if the memory is not enough."""
    experiment = ExperimentConfig(DataConfig(train_set), options.model, options.training)
    comparison = ComparisonConfig(default_input_names(train_set), options.n_images, seed=options.training.seed)
    counts = dict.fromkeys(read_input_names(comparison.inputs), options.n_images)
    require_memory_for_inputs(counts, event_shape_of(experiment.data))
    require_memory_for_training(experiment, processes=min(options.jobs, len(SWAPPED_PAIR)))
    return experiment, comparison


def _train_and_compare(path: Path, experiment: ExperimentConfig, comparison: ComparisonConfig) -> Job:
    """Train on one photograph and compare all inputs with it."""
    return partial(train_and_compare, RunDirectory.create(path, experiment), experiment, comparison)


def _say_what_came_out(comparison: pd.DataFrame, other: str, console: Console) -> None:
    """Report the order of the other photograph, and which gaps the path rungs explain."""
    row = comparison[(comparison["rung"] == EXPLAINING_RUNGS[-1]) & (comparison["input_set"] == other)].iloc[0]
    lines = [f"Trained on {row['train_set']}: {other} is {_order(row)}."]
    for rung in EXPLAINING_RUNGS:
        rows = comparison[comparison["rung"] == rung]
        missed = rows[~explains(rows)]
        listed = ", ".join(f"{r.input_set} ({r.predicted:+.3f} for {r.measured:+.3f})" for r in missed.itertuples())
        explained = f"{len(rows) - len(missed)} of {len(rows)} gaps within 10 % or 0.02 bits/dim"
        lines.append(f"  {rung} explains {explained}" + (f"; not {listed}." if listed else "."))
    console.print("\n".join(lines), soft_wrap=True, highlight=False)


def _order(row: pd.Series) -> str:
    """The measured order and the size of the gap, in words."""
    order = order_of(row["measured"], row["measured_se"])
    if order is Order.NOT_RESOLVED:
        gap = f"{row['measured']:+.3f} ± {row['measured_se']:.3f} bits/dim"
        return f"neither more nor less likely than the training images: the gap of {gap} is {order}"
    size = f"{abs(row['measured']):.3f} ± {row['measured_se']:.3f} bits/dim"
    return f"{order.partition(' ')[0].upper()} likely than the training images by {size}"
