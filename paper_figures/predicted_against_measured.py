"""Figure: the predicted likelihood gap against the measured one, a panel for each rung of the ladder.

Gaps on the identity line are explained; points in the shaded quadrants have the wrong sign. All panels share the
measured axis, linear up to one bit/dim and logarithmic beyond. Rungs that are off by orders of magnitude (those without
the full covariance) have a predicted axis of their own, which the panel's title says; the others share one.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper_figures.axes import LINEAR_WITHIN, error_bar, legend_beneath, symmetric_log
from paper_figures.registry import figure
from paper_figures.style import PAGE_WIDTH, REFERENCE, SHADE, WHITE_EDGE, look

LINEAR_SHARE = 2.0  # length of the linear part, in decades of the logarithmic one
PANELS_IN_A_ROW = 3
FAR_OFF = 20.0  # a rung that misses a gap by this many times its size (and as many bits/dim) gets its own axis

Limits = tuple[float, float]


@figure("predicted-against-measured", reads=("comparison.csv",), made_by="likelihood-curvature compare")
def predicted_against_measured(comparison: pd.DataFrame) -> Figure:
    """Draw a panel for each rung, a marker for each input set, error bars of two standard errors.

    Parameters
    ----------
    comparison
        Tidy rows as `analysis.comparison.compare` makes them, of one training set; gaps in bits per dimension.
    """
    rungs, inputs = list(comparison["rung"].unique()), list(comparison["input_set"].unique())
    far_off = [rung for rung in rungs if _is_far_off(comparison[comparison["rung"] == rung])]
    near = comparison[~comparison["rung"].isin(far_off)]
    measured, shared = _limits(comparison["measured"]), _limits([*comparison["measured"], *near["predicted"]])
    rows = -(-len(rungs) // PANELS_IN_A_ROW)
    drawn = Figure(figsize=(PAGE_WIDTH, 1.0 + 2.1 * rows), layout="constrained")
    grid = drawn.subplots(rows, PANELS_IN_A_ROW, sharex=True, squeeze=False)
    for position, (rung, axes) in enumerate(zip(rungs, grid.flat, strict=False)):
        panel = comparison[comparison["rung"] == rung]
        own = _limits([*panel["measured"], *panel["predicted"]]) if rung in far_off else None
        _draw_panel(axes, panel, inputs, measured, own or shared)
        axes.set_title(f"{rung} (own scale)" if own else rung)
        if position + PANELS_IN_A_ROW >= len(rungs):
            axes.set_xlabel("measured gap [bits/dim]")
            axes.tick_params(labelbottom=True)
        if position % PANELS_IN_A_ROW == 0:
            axes.set_ylabel("predicted gap [bits/dim]")
    for axes in grid.flat[len(rungs) :]:
        axes.set_axis_off()
    trained_on = comparison["train_set"].iloc[0]
    drawn.suptitle(f"Trained on {trained_on}. Negative gap = more likely than the training data; shaded = wrong sign")
    handles = [Line2D([], [], linestyle="none", **_marker(index)) for index in range(len(inputs))]
    legend_beneath(drawn, handles, inputs, columns=4, handletextpad=0.3)
    return drawn


def _limits(values: Iterable[float]) -> Limits:
    """Ends of an axis in bits/dim that hold zero and all values, with room for markers."""
    known = np.asarray([*values, -LINEAR_WITHIN, LINEAR_WITHIN])
    return 2 * float(np.nanmin(known)), 2 * float(np.nanmax(known))


def _is_far_off(rows: pd.DataFrame) -> bool:
    """Whether a rung misses some gap by far more than the gap's own size."""
    return bool((rows["error"].abs() > FAR_OFF * rows["measured"].abs().clip(lower=1.0)).any())


def _draw_panel(axes: Axes, rows: pd.DataFrame, inputs: list[str], measured: Limits, predicted: Limits) -> None:
    axes.fill_between([measured[0], 0], 0, predicted[1], color=SHADE, linewidth=0, zorder=0)
    axes.fill_between([0, measured[1]], predicted[0], 0, color=SHADE, linewidth=0, zorder=0)
    # The identity is a curve between two different symmetric-log scales, so it is drawn through many points.
    grid = np.concatenate([-np.geomspace(1e4, 1e-2, 200), [0], np.geomspace(1e-2, 1e4, 200)])
    axes.plot(grid, grid, color=REFERENCE, zorder=1)
    for row in rows.to_dict("records"):
        axes.errorbar(
            row["measured"],
            row["predicted"],
            xerr=error_bar(row["measured_se"]),
            yerr=error_bar(row["predicted_se"]),
            elinewidth=0.8,
            zorder=3,
            **_marker(inputs.index(row["input_set"])),
        )
    symmetric_log(axes, "x", measured, linear_share=LINEAR_SHARE)
    symmetric_log(axes, "y", predicted, linear_share=LINEAR_SHARE)


def _marker(index: int) -> dict[str, Any]:
    return {**look(index), **WHITE_EDGE}
