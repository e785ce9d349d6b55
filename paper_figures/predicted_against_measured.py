"""Figure: the predicted likelihood gap against the measured one, a panel for each rung of the ladder.

Points on the identity line are explained; points in the shaded quadrants have the wrong sign. All panels share the
measured axis, linear up to one bit/dim and logarithmic beyond. Rungs that are off by orders of magnitude (those without
the full covariance) get a predicted axis of their own, and their panel says so; the others share one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from paper_figures.style import PAGE_WIDTH, SHADE, look, save, style

LINEAR_WITHIN = 1.0  # bits/dim
LINEAR_SHARE = 2.0  # length of the linear part, in decades of the logarithmic one
PANELS_IN_A_ROW = 3
FAR_OFF = 20.0  # a rung that misses a gap by this many times its size (and as many bits/dim) gets its own axis
NAME = "predicted_against_measured"


@dataclass(frozen=True)
class Limits:
    """Ends of an axis in bits/dim."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> "Limits":
        """Ends that hold zero and all values, with room for markers."""
        values = np.asarray([*values, -LINEAR_WITHIN, LINEAR_WITHIN])
        return cls(2 * float(np.nanmin(values)), 2 * float(np.nanmax(values)))


def draw(run: Path) -> list[Path]:
    """Draw the figure of a run directory from its `comparison.csv`; returns the files written."""
    comparison = pd.read_csv(run / "comparison.csv")
    with style():
        figure = predicted_against_measured(comparison)
        first = comparison.iloc[0]
        source = f"run {first['run']}, model {first['model']}, seed {first['seed']}: comparison.csv"
        return save(figure, run / "figures" / f"{NAME}.png", source)


def predicted_against_measured(comparison: pd.DataFrame) -> Figure:
    """Draw a panel for each rung, a marker for each input set, error bars of two standard errors.

    Parameters
    ----------
    comparison
        Tidy rows as `analysis.comparison.compare` makes them, of one training set; gaps in bits per dimension.
    """
    rungs = list(dict.fromkeys(comparison["rung"]))
    inputs = list(dict.fromkeys(comparison["input_set"]))
    far_off = [rung for rung in rungs if _is_far_off(comparison, rung)]
    near = comparison[~comparison["rung"].isin(far_off)]
    measured_limits = Limits.around(comparison["measured"])
    shared_limits = Limits.around([*comparison["measured"], *near["predicted"]])
    rows = -(-len(rungs) // PANELS_IN_A_ROW)
    figure = Figure(figsize=(PAGE_WIDTH, 1.0 + 2.1 * rows), layout="constrained")
    axes = figure.subplots(rows, PANELS_IN_A_ROW, sharex=True, squeeze=False)
    for position, axis in enumerate(axes.flat):
        if position >= len(rungs):
            axis.set_axis_off()
            continue
        rung = rungs[position]
        panel = comparison[comparison["rung"] == rung]
        own_axis = rung in far_off
        limits = Limits.around([*panel["measured"], *panel["predicted"]]) if own_axis else shared_limits
        _draw_panel(axis, panel, inputs, measured_limits, limits)
        axis.set_title(f"{rung} (own scale)" if own_axis else rung)
        if position + PANELS_IN_A_ROW >= len(rungs):
            axis.set_xlabel("measured gap [bits/dim]")
            axis.tick_params(labelbottom=True)
        if position % PANELS_IN_A_ROW == 0:
            axis.set_ylabel("predicted gap [bits/dim]")
    figure.suptitle(
        f"Trained on {comparison['train_set'].iloc[0]}. Negative gap = more likely than the training data; "
        "shaded = wrong sign",
        fontsize=8.5,
    )
    handles = [_marker(index, label=name, linestyle="none") for index, name in enumerate(inputs)]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2, handletextpad=0.3)
    return figure


def _is_far_off(comparison: pd.DataFrame, rung: str) -> bool:
    """Whether a rung misses some gap by far more than the gap's own size."""
    rows = comparison[comparison["rung"] == rung]
    return bool((rows["error"].abs() > FAR_OFF * rows["measured"].abs().clip(lower=1.0)).any())


def _draw_panel(axis: Axes, rows: pd.DataFrame, inputs: list[str], measured: Limits, predicted: Limits) -> None:
    axis.fill_between([measured.low, 0], 0, predicted.high, color=SHADE, linewidth=0, zorder=0)
    axis.fill_between([0, measured.high], predicted.low, 0, color=SHADE, linewidth=0, zorder=0)
    # Between two different symmetric-log scales the identity is a curve: draw it through many points.
    grid = np.concatenate([-np.geomspace(1e4, 1e-2, 200), [0], np.geomspace(1e-2, 1e4, 200)])
    axis.plot(grid, grid, color="0.35", zorder=1)
    for row in rows.to_dict("records"):
        axis.errorbar(
            row["measured"],
            row["predicted"],
            xerr=2 * row["measured_se"],
            yerr=2 * row["predicted_se"],
            elinewidth=0.8,
            zorder=3,
            **_marker_style(inputs.index(row["input_set"])),
        )
    axis.set_xscale("symlog", linthresh=LINEAR_WITHIN, linscale=LINEAR_SHARE)
    axis.set_yscale("symlog", linthresh=LINEAR_WITHIN, linscale=LINEAR_SHARE)
    axis.set_xlim(measured.low, measured.high)
    axis.set_ylim(predicted.low, predicted.high)
    _set_ticks(axis.xaxis, measured)
    _set_ticks(axis.yaxis, predicted)


def _set_ticks(axis: Axis, limits: Limits) -> None:
    powers = [10.0**k for k in range(7)]
    if limits.high > 1e3:
        powers = powers[::2]
    ticks = [sign * tick for sign in (-1, 1) for tick in (0.5, *powers)] + [0.0]
    axis.set_major_locator(FixedLocator(sorted(tick for tick in ticks if limits.low <= tick <= limits.high)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))


def _marker_style(index: int) -> dict[str, Any]:
    return {**look(index), "markeredgecolor": "white", "markeredgewidth": 0.4}


def _marker(index: int, **options: Any) -> Line2D:
    return Line2D([], [], **{**_marker_style(index), **options})
