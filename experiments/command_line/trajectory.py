"""`likelihood-curvature trajectory`: predicted against measured gaps at every snapshot of a training run."""

from dataclasses import replace

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.table import comparison_tables
from experiments.command_line.console import table_console
from experiments.command_line.model_option import recorded_path, require_figures_there
from experiments.command_line.options import TrajectoryOptions
from experiments.command_line.progress_view import ProgressBars
from experiments.paper.default_inputs import with_default_inputs
from experiments.storage.directory_lock import held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import require_comparable
from experiments.study.memory_needs import event_shape_of, require_memory_for_inputs
from experiments.study.trained_model import read_experiment
from experiments.study.trajectory import (
    HESSIANS,
    ORDER,
    PREDICTIONS,
    chosen_steps,
    evaluated_inputs,
    follow_training,
    rung_settings,
)
from paper_figures.drawing import draw_figure

FIGURE = "training-trajectory"
CAPTION = (
    "More and less likely than the training images: the snapshots whose measured gap lies two standard errors from "
    "zero, of all. Holds from: the first step from which the order of the last snapshot holds. Beneath each rung: at "
    "how many of the resolved snapshots its prediction has the measured sign."
)


def run(options: TrajectoryOptions) -> None:
    """Follow the run, print a table for each input set and the table of orders, and draw the figure."""
    run = RunDirectory.open(options.model)
    experiment = read_experiment(run)
    given = options.config
    config = with_default_inputs(
        replace(given, inputs=given.inputs or evaluated_inputs(experiment)), experiment.data.train_set
    )
    chosen_steps(run, config.steps)
    inputs = require_comparable(config.inputs, rung_settings(config))
    require_memory_for_inputs(dict.fromkeys(inputs, config.n_images), event_shape_of(experiment.data))
    require_figures_there(options.out or run.path)
    console = table_console()
    with held_directory(options.out or run.path):
        out = run
        if options.out is not None:
            # The steps are left out: a later call may ask for others, and adds their tables to those that are there.
            out = RunDirectory.create(
                options.out, {"model": recorded_path(run.path, options.out), "trajectory": replace(given, steps=())}
            )
        with ProgressBars(console) as bars:
            trajectory = follow_training(run, config, out, bars.of())
        figures = draw_figure(FIGURE, out.path)
        _print_gaps(trajectory, console)
        console.print(_order_table(pd.read_csv(out.path / ORDER, dtype={"holds_from": "Int64"})))
        console.print(_eigenvalues(pd.read_csv(out.path / HESSIANS)), highlight=False)
    files = f"tables: {PREDICTIONS}, {HESSIANS} and {ORDER} in {out.path}\nfigure: {figures[0]}"
    console.print(files, soft_wrap=True, highlight=False)


def _print_gaps(trajectory: pd.DataFrame, console: Console) -> None:
    """One table for each input set, a row for each snapshot."""
    sets = list(trajectory.groupby("input_set", sort=False))
    for position, (name, rows) in enumerate(sets):
        title = f"{name} while training on {rows['train_set'].iloc[0]}: predicted and measured gaps"
        is_last = position == len(sets) - 1
        for table in comparison_tables(rows, console.width, "step", title, with_legend=is_last):
            console.print(table)


def _order_table(order: pd.DataFrame) -> Table:
    """A row for each input set: how often it is more and less likely, and how often each rung has the right sign."""
    table = Table(
        title=f"Order over training on {order['train_set'].iloc[0]}",
        caption=CAPTION,
        box=box.SIMPLE_HEAD,
        caption_justify="left",
    )
    table.add_column("input set", no_wrap=True)
    rungs = list(dict.fromkeys(order["rung"]))
    for column in ("more likely", "less likely", "at the end", "holds from", *rungs):
        table.add_column(column, justify="right", no_wrap=True)
    for name, rows in order.groupby("input_set", sort=False):
        first = rows.iloc[0]
        resolved = first["more_likely"] + first["less_likely"]
        table.add_row(
            str(name),
            f"{first['more_likely']}/{first['snapshots']}",
            f"{first['less_likely']}/{first['snapshots']}",
            first["at_the_end"],
            "–" if pd.isna(first["holds_from"]) else str(first["holds_from"]),
            *(f"{right}/{resolved}" if resolved else "–" for right in rows["right_sign"]),
        )
    return table


def _eigenvalues(hessians: pd.DataFrame) -> str:
    """The signs of the curvature over the snapshots, in words."""
    negative, sets = int((hessians["trace"] < 0).sum()), len(hessians)
    lines = [f"Tr{{H Sigma}} is negative for {negative} of {sets} pairs of snapshot and set."]
    ends = hessians.drop_duplicates("step")
    highest = ends["highest_eigenvalue"].dropna()
    low, high = ends["lowest_eigenvalue"].min(), ends["lowest_eigenvalue"].max()
    lines.append(f"Lowest eigenvalue of H at the training mean: from {low:.4g} to {high:.4g}.")
    if len(highest):
        definite = int((highest <= 0).sum())
        lines.append(
            f"Highest: from {highest.min():.4g} to {highest.max():.4g}; "
            f"H is negative semi-definite at {definite} of {len(highest)} snapshots."
        )
    return "\n".join(lines)
