"""Figure: the predicted likelihood gap against the measured one, a panel for each rung of the ladder.

Points on the identity line are explained; points in the shaded quadrants have the wrong sign. Both axes are linear
near zero and logarithmic beyond, because rungs without the full covariance are off by orders of magnitude.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, SymmetricalLogLocator

from paper_figures.style import PAGE_WIDTH, PALETTE, SHADE, save, style

LINEAR_WITHIN = 0.1  # bits/dim; the axes are linear up to here
PANELS_IN_A_ROW = 3
MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*", "<", ">", "h", "p")
NAME = "predicted_against_measured"


def draw(run: Path) -> list[Path]:
    """Draw the figure of a run directory from its `comparison.csv`; returns the files written."""
    comparison = pd.read_csv(run / "comparison.csv")
    with style():
        figure = predicted_against_measured(comparison)
        first = comparison.iloc[0]
        return save(
            figure, run / "figures" / f"{NAME}.png", f"run {first['run']}, seed {first['seed']}: comparison.csv"
        )


def predicted_against_measured(comparison: pd.DataFrame) -> Figure:
    """Draw a panel for each rung, a marker for each input set, error bars of two standard errors.

    Parameters
    ----------
    comparison
        Tidy rows as `analysis.comparison.compare` makes them, of one training set; gaps in bits per dimension.
    """
    rungs = list(dict.fromkeys(comparison["rung"]))
    inputs = list(dict.fromkeys(comparison["input_set"]))
    rows = -(-len(rungs) // PANELS_IN_A_ROW)
    figure = Figure(figsize=(PAGE_WIDTH, 0.75 + 2.15 * rows), layout="constrained")
    axes = figure.subplots(rows, PANELS_IN_A_ROW, sharex=True, sharey=True, squeeze=False)
    limit = 2.5 * float(np.nanmax(comparison[["predicted", "measured"]].abs().to_numpy()))
    for axis, rung in zip(axes.flat, rungs, strict=False):
        _draw_panel(axis, comparison[comparison["rung"] == rung], rung, inputs, limit)
    for axis in list(axes.flat)[len(rungs) :]:
        axis.set_axis_off()
    figure.supxlabel("measured gap [bits/dim], negative = more likely than the training data", fontsize=8.5)
    figure.supylabel("predicted gap [bits/dim]", fontsize=8.5)
    figure.suptitle(f"Trained on {comparison['train_set'].iloc[0]}", fontsize=9.5)
    handles = [_handle(name, index) for index, name in enumerate(inputs)]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2, handletextpad=0.3)
    return figure


def _draw_panel(axis: Axes, rows: pd.DataFrame, rung: str, inputs: list[str], limit: float) -> None:
    for lower, upper in (((-limit, 0), (0, limit)), ((0, limit), (-limit, 0))):
        axis.fill_between(lower, *[[edge, edge] for edge in upper], color=SHADE, linewidth=0, zorder=0)
    axis.plot([-limit, limit], [-limit, limit], color="0.35", zorder=1)
    for row in rows.to_dict("records"):
        index = inputs.index(row["input_set"])
        axis.errorbar(
            row["measured"],
            row["predicted"],
            xerr=2 * row["measured_se"],
            yerr=2 * row["predicted_se"],
            fmt=MARKERS[index % len(MARKERS)],
            color=PALETTE[index % len(PALETTE)],
            markeredgecolor="white",
            markeredgewidth=0.4,
            elinewidth=0.8,
            zorder=3,
        )
    for scale in (axis.set_xscale, axis.set_yscale):
        scale("symlog", linthresh=LINEAR_WITHIN)
    axis.set_xlim(-limit, limit)
    axis.set_ylim(-limit, limit)
    for direction in (axis.xaxis, axis.yaxis):
        direction.set_major_locator(SymmetricalLogLocator(base=10, linthresh=LINEAR_WITHIN))
        direction.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axis.set_title(rung)


def _handle(name: str, index: int) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=MARKERS[index % len(MARKERS)],
        color=PALETTE[index % len(PALETTE)],
        markeredgecolor="white",
        markeredgewidth=0.4,
        label=name,
    )
