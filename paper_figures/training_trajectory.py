"""Figure: likelihood over the course of training, and each input set's gap with what the curvature predicts of it.

The top panel shows the bits per dimension measured during training. Below it, each input set has a panel with the
measured gap to the training images at every snapshot, in black, and the rungs of the ladder; bands are two standard
errors. The step axis is logarithmic. The gap axis of a panel whose early gaps are much larger than its late ones is
linear up to one bit/dim and logarithmic beyond.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures.axes import LINEAR_WITHIN, error_bar, legend_beneath, symmetric_log, zero_line
from paper_figures.registry import figure
from paper_figures.style import COLUMN_WIDTH, PALETTE, SHADE, look

DWARFS = 4.0  # ratio of the largest to the median size above which a panel gets the symmetric-log axis
STACK = 4  # most panels in one column; more are drawn in two columns
# Open markers below the rungs: a prediction that agrees with the measurement is drawn through them.
MEASURED: dict[str, Any] = {"color": PALETTE[-1], "marker": "o", "markerfacecolor": "white", "markersize": 4.5}
MEASURED |= {"linewidth": 0.6, "markeredgewidth": 0.7, "zorder": 2}
DASHES = ("--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)))


@figure("training-trajectory", reads=("trajectory.csv", "evaluations.csv"), made_by="likelihood-curvature trajectory")
def training_trajectory(trajectory: pd.DataFrame, evaluations: pd.DataFrame) -> Figure:
    """Draw bits/dim and gaps against the step.

    Parameters
    ----------
    trajectory
        Tidy rows as `analysis.comparison.compare` makes them, for each `step` of one run. The terms of `taylor2`
        (`gradient`, `mean-shift`) are not drawn, and of several rungs `path-n` only the first and the last.
    evaluations
        Columns `step, input_set, bpd, bpd_se`, in bits per dimension.
    """
    sets = list(trajectory["input_set"].unique())
    rungs = drawn_rungs(trajectory)
    columns = 1 if len(sets) <= STACK else 2
    rows = -(-len(sets) // columns)
    drawn = Figure(figsize=(columns * COLUMN_WIDTH, 2.2 + 1.35 * rows), layout="constrained")
    grid = drawn.add_gridspec(rows + 1, columns, height_ratios=[1.35, *[1.0] * rows])
    top = drawn.add_subplot(grid[0, :])
    _draw_likelihoods(top, evaluations)
    for position, name in enumerate(sets):
        axes = drawn.add_subplot(grid[1 + position // columns, position % columns], sharex=top)
        _draw_gaps(axes, trajectory[trajectory["input_set"] == name], rungs)
        axes.set_title(name, loc="left")
        is_lowest = position + columns >= len(sets)
        axes.tick_params(labelbottom=is_lowest)
        if is_lowest:
            axes.set_xlabel("training step")
    drawn.suptitle(f"Over the course of training on {trajectory['train_set'].iloc[0]}")
    drawn.align_ylabels()
    legend_beneath(drawn, *axes.get_legend_handles_labels(), columns=3)
    return drawn


def drawn_rungs(trajectory: pd.DataFrame) -> list[str]:
    """Names of the rungs that fit a narrow panel: `full`, `taylor2`, the path of fewest and of most nodes."""
    names = list(trajectory["rung"].unique())
    paths = sorted((name for name in names if name.startswith("path-")), key=_nodes)
    return [name for name in ("full", "taylor2", *dict.fromkeys([*paths[:1], *paths[-1:]])) if name in names]


def _nodes(rung: str) -> int:
    return int(rung.removeprefix("path-"))


def _draw_likelihoods(axes: Axes, evaluations: pd.DataFrame) -> None:
    """Bits per dimension of every evaluated set."""
    for index, (name, rows) in enumerate(evaluations.groupby("input_set", sort=False)):
        rows = rows.sort_values("step")
        _draw_band(axes, rows["step"], rows["bpd"], rows["bpd_se"], look(index)["color"])
        axes.plot(rows["step"], rows["bpd"], **look(index), markersize=3.5, label=str(name))
    axes.set_xscale("log")
    axes.set_ylabel("bits/dim")
    axes.tick_params(labelbottom=False)
    # Above the panel, because curves can run through all of its corners.
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(ncols=2, columnspacing=1.0, handlelength=1.6, **above)


def _draw_gaps(axes: Axes, rows: pd.DataFrame, rungs: list[str]) -> None:
    """The measured gap of one set and its predictions."""
    zero_line(axes)
    for index, rung in enumerate(rungs):
        each = rows[rows["rung"] == rung].sort_values("step")
        color, dashes = PALETTE[index % (len(PALETTE) - 1)], DASHES[index % len(DASHES)]
        _draw_band(axes, each["step"], each["predicted"], each["predicted_se"], color)
        axes.plot(each["step"], each["predicted"], color=color, linestyle=dashes, label=rung, zorder=3)
    measured = rows.drop_duplicates("step").sort_values("step")
    _draw_band(axes, measured["step"], measured["measured"], measured["measured_se"], SHADE, alpha=1.0)
    axes.plot(measured["step"], measured["measured"], **MEASURED, label="measured")
    axes.set_ylabel("gap [bits/dim]")
    if _some_dwarf_most(rows[rows["rung"].isin(rungs)]):
        symmetric_log(axes, "y")


def _draw_band(axes: Axes, step: pd.Series, value: pd.Series, error: pd.Series, color: str, alpha: float = 0.2) -> None:
    bar = error_bar(error)
    axes.fill_between(step, value - bar, value + bar, color=color, alpha=alpha, linewidth=0, zorder=0)


def _some_dwarf_most(rows: pd.DataFrame) -> bool:
    """Whether some gaps are many times as large as most."""
    values = rows[["predicted", "measured"]].to_numpy()
    sizes = np.abs(values[np.isfinite(values)])
    return sizes.size > 0 and bool(sizes.max() > DWARFS * max(float(np.median(sizes)), LINEAR_WITHIN))
