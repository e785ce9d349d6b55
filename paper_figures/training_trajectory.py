"""Figure: likelihood over the course of training, and each input set's gap with what the curvature predicts of it.

On top the bits per dimension measured during training. Below, a panel for each input set: the measured gap to the
training images at every snapshot, in black, and the rungs of the ladder; bands are two standard errors. The step axis
is logarithmic. A panel whose early gaps dwarf its late ones is linear up to one bit/dim and logarithmic beyond.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from paper_figures.style import COLUMN_WIDTH, PALETTE, SHADE, look, save, style

LINEAR_WITHIN = 1.0  # bits/dim
DWARFS = 4.0  # largest over median size, from which a panel's gaps get the symmetric-log axis
STACK = 4  # panels beneath each other; more take two columns
NAME = "training_trajectory"
# Open and beneath the rungs: a prediction that meets the measurement runs through the markers.
MEASURED: dict[str, Any] = {"color": PALETTE[-1], "marker": "o", "markerfacecolor": "white", "markersize": 4.5}
MEASURED |= {"linewidth": 0.6, "markeredgewidth": 0.7, "zorder": 2}
DASHES = ("--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)))


def draw(run: Path) -> list[Path]:
    """Draw the figure of a run directory from `trajectory.csv` and `evaluations.csv`; returns the files written."""
    trajectory, evaluations = (pd.read_csv(run / f"{name}.csv") for name in ("trajectory", "evaluations"))
    with style():
        figure = training_trajectory(trajectory, evaluations)
        first = trajectory.iloc[0]
        source = f"run {first['run']}, model {first['model']}, seed {first['seed']}: trajectory.csv, evaluations.csv"
        return save(figure, run / "figures" / f"{NAME}.png", source)


def training_trajectory(trajectory: pd.DataFrame, evaluations: pd.DataFrame) -> Figure:
    """Draw bits/dim and gaps against the step.

    Parameters
    ----------
    trajectory
        Tidy rows as `analysis.comparison.compare` makes them, for each `step` of one run. The terms of `taylor2`
        (`gradient`, `mean-shift`) are not drawn, and of several path rungs the first and the last.
    evaluations
        Columns `step, input_set, bpd, bpd_se`, in bits per dimension.
    """
    sets = list(dict.fromkeys(trajectory["input_set"]))
    rungs = drawn_rungs(trajectory)
    columns = 1 if len(sets) <= STACK else 2
    rows = -(-len(sets) // columns)
    figure = Figure(figsize=(columns * COLUMN_WIDTH, 2.2 + 1.35 * rows), layout="constrained")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.35, *[1.0] * rows])
    top = figure.add_subplot(grid[0, :])
    _draw_likelihoods(top, evaluations)
    for position, name in enumerate(sets):
        axis = figure.add_subplot(grid[1 + position // columns, position % columns], sharex=top)
        _draw_gaps(axis, trajectory[trajectory["input_set"] == name], rungs)
        axis.set_title(name, loc="left")
        is_lowest = position + columns >= len(sets)
        axis.tick_params(labelbottom=is_lowest)
        if is_lowest:
            axis.set_xlabel("training step")
    figure.suptitle(f"Over the course of training on {trajectory['train_set'].iloc[0]}", fontsize=8.5)
    figure.align_ylabels()
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, columnspacing=1.2)
    return figure


def drawn_rungs(trajectory: pd.DataFrame) -> list[str]:
    """Names of the rungs that fit a narrow panel: `full`, `taylor2`, the path of fewest and of most nodes."""
    names = list(dict.fromkeys(trajectory["rung"]))
    paths = sorted((name for name in names if name.startswith("path-")), key=_nodes)
    return [name for name in ("full", "taylor2", *dict.fromkeys([*paths[:1], *paths[-1:]])) if name in names]


def _nodes(rung: str) -> int:
    return int(rung.removeprefix("path-"))


def _draw_likelihoods(axis: Axes, evaluations: pd.DataFrame) -> None:
    """Bits per dimension of every evaluated set."""
    for index, (name, rows) in enumerate(evaluations.groupby("input_set", sort=False)):
        rows = rows.sort_values("step")
        color, marker = look(index)["color"], look(index)["marker"]
        _draw_band(axis, rows["step"], rows["bpd"], rows["bpd_se"], color)
        axis.plot(rows["step"], rows["bpd"], color=color, marker=marker, markersize=3.5, label=str(name))
    axis.set_xscale("log")
    axis.set_ylabel("bits/dim")
    axis.tick_params(labelbottom=False)
    # Above the panel: curves cross it in every corner.
    axis.legend(
        ncols=2, columnspacing=1.0, handlelength=1.6, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )


def _draw_gaps(axis: Axes, rows: pd.DataFrame, rungs: list[str]) -> None:
    """The measured gap of one set and its predictions."""
    axis.axhline(0, color="0.35", linewidth=0.7, zorder=1)
    for index, rung in enumerate(rungs):
        each = rows[rows["rung"] == rung].sort_values("step")
        color = PALETTE[index % (len(PALETTE) - 1)]
        _draw_band(axis, each["step"], each["predicted"], each["predicted_se"], color)
        axis.plot(
            each["step"], each["predicted"], color=color, linestyle=DASHES[index % len(DASHES)], label=rung, zorder=3
        )
    measured = rows.drop_duplicates("step").sort_values("step")
    _draw_band(axis, measured["step"], measured["measured"], measured["measured_se"], SHADE, alpha=1.0)
    axis.plot(measured["step"], measured["measured"], **MEASURED, label="measured")
    axis.set_ylabel("gap [bits/dim]")
    _scale(axis, rows[rows["rung"].isin(rungs)])


def _draw_band(axis: Axes, step: pd.Series, value: pd.Series, error: pd.Series, color: str, alpha: float = 0.2) -> None:
    axis.fill_between(step, value - 2 * error, value + 2 * error, color=color, alpha=alpha, linewidth=0, zorder=0)


def _scale(axis: Axes, rows: pd.DataFrame) -> None:
    """Take a symmetric-log axis where some gaps are many times as large as most."""
    values = rows[["predicted", "measured"]].to_numpy()
    sizes = np.abs(values[np.isfinite(values)])
    if sizes.size == 0 or sizes.max() <= DWARFS * max(float(np.median(sizes)), LINEAR_WITHIN):
        return
    low, high = axis.get_ylim()
    axis.set_yscale("symlog", linthresh=LINEAR_WITHIN, linscale=1.0)
    axis.set_ylim(low, high)
    powers = [10.0**k for k in range(9)]
    ticks = [sign * power for sign in (-1, 1) for power in powers] + [0.0]
    axis.yaxis.set_major_locator(FixedLocator(sorted(tick for tick in ticks if low <= tick <= high)))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
