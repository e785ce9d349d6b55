"""`likelihood-curvature demo`: the paper's experiment in miniature, in both directions, without a download."""

import pandas as pd
from rich.console import Console

from analysis.comparison import explains
from analysis.resolution import Order, order_of
from curvature.errors import ToolkitError
from experiments.command_line.comparison_view import show, table_console
from experiments.command_line.demo_directions import Direction, run_directions
from experiments.command_line.demo_progress import DirectionsProgress
from experiments.command_line.options import DemoOptions
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import ComparisonConfig, DataConfig, ExperimentConfig

SWAPPED_PAIR = ("china", "flower")
EXPLAINING_RUNGS = ("path-3", "path")


class DemoInterrupted(ToolkitError):  # noqa: N818 - stopping on request is no error
    """The demo was stopped by Ctrl-C."""

    exit_code = 130


def run(options: DemoOptions) -> None:
    """Train on each photograph, compare, show tables and figures, and say how the swapped pair came out."""
    console = table_console()
    directions = {name: _direction(name, options) for name in SWAPPED_PAIR}
    try:
        with DirectionsProgress(console) as progress:
            run_directions(list(directions.values()), options.jobs, progress)
    except KeyboardInterrupt:
        raise DemoInterrupted(f"interrupted; what was done is kept in {options.out}, run it again to go on") from None
    comparisons = {name: pd.read_csv(direction.run.comparison_path) for name, direction in directions.items()}
    for name, direction in directions.items():
        show(comparisons[name], direction.run, console)
    for name, other in (SWAPPED_PAIR, SWAPPED_PAIR[::-1]):
        _say_what_came_out(comparisons[name], f"{other}/test", console)


def _direction(train_set: str, options: DemoOptions) -> Direction:
    experiment = ExperimentConfig(DataConfig(train_set), options.model, options.training)
    comparison = ComparisonConfig(n_images=options.n_images, seed=options.training.seed)
    return Direction(RunDirectory.create(options.out / train_set, experiment), experiment, comparison)


def _say_what_came_out(comparison: pd.DataFrame, other: str, console: Console) -> None:
    """State the other set's sign, measured and predicted, and which inputs the path rungs explain."""
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
    """Say the measured order and the size of the gap."""
    order = order_of(row["measured"], row["measured_se"])
    if order is Order.NOT_RESOLVED:
        gap = f"{row['measured']:+.3f} ± {row['measured_se']:.3f} bits/dim"
        return f"neither more nor less likely than the training images: the gap of {gap} is {order}"
    size = f"{abs(row['measured']):.3f} ± {row['measured_se']:.3f} bits/dim"
    return f"{order.partition(' ')[0].upper()} likely than the training images by {size}"
