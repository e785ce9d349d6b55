"""Figure: predicted over measured gap as data are shrunk towards the expansion point, a curve for each input set.

The ratio of the second-order prediction to the measurement tends to 1 as the contrast t falls to 0. The shaded band is
[1/2, 2]; an open marker on its edge shows the radius of validity r of a set that leaves it. The legend gives r, with
">=" where it is only bounded: the grid ends, or the measured gap cannot be told from zero beyond.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.validity import HIGH, LOW, Validity, curves_of
from paper_figures.style import PAGE_WIDTH, SHADE, look, save, style

LEAST, GREATEST = 1 / 4, 4.0  # ratios beyond are drawn at the edge
NAME = "validity_radius"


def draw(run: Path) -> list[Path]:
    """Draw the figure of a run directory from its `validity.csv`; returns the files written."""
    with style():
        figure = validity_radius(curves_of(pd.read_csv(run / "validity.csv")))
        return save(figure, run / "figures" / f"{NAME}.png", f"run {run.name}: validity.csv")


def validity_radius(curves: Iterable[Validity]) -> Figure:
    """Draw the ratio against the contrast, logarithmic, with error bars of two standard errors.

    Parameters
    ----------
    curves
        Results for several input sets, of one expansion. Points whose ratio is undefined are left out and the line is
        broken there; negative ratios (wrong sign) and others beyond the axis are drawn as arrows at its edge.
    """
    curves = list(curves)
    figure = Figure(figsize=(PAGE_WIDTH, 3.1), layout="constrained")
    axis = figure.subplots()
    axis.axhspan(LOW, HIGH, color=SHADE, linewidth=0, zorder=0)
    axis.axhline(1, color="0.35", zorder=1)
    for index, curve in enumerate(curves):
        _draw_curve(axis, curve, index)
    axis.set_yscale("log")
    axis.set_ylim(LEAST, GREATEST)
    axis.yaxis.set_major_locator(FixedLocator([1 / 4, 1 / 2, 1, 2, 4]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_xlim(left=0)
    axis.set_xlabel("contrast t of the data towards the expansion point")
    axis.set_ylabel("second order / measured gap")
    against = ", ".join(dict.fromkeys(curve.against for curve in curves))
    beyond = "; arrows = off the axis or of wrong sign" if any(_beyond(curve).any() for curve in curves) else ""
    axis.set_title(f"Gap against {against}. Shaded = within a factor of 2{beyond}", loc="left")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right center")
    return figure


def _draw_curve(axis: Axes, curve: Validity, index: int) -> None:
    color, marker = look(index)["color"], look(index)["marker"]
    t, ratio, error = (np.asarray(values) for values in (curve.t, curve.ratio, curve.ratio_se))
    inside = (ratio >= LEAST) & (ratio <= GREATEST)
    drawn = np.where(inside, ratio, np.nan)
    label = f"{curve.input_set} ({_radius(curve)})"
    # An error bar that reaches below zero has no end on a logarithmic axis: it stops at the axis.
    down = np.minimum(2 * error, drawn - LEAST / 2)
    axis.errorbar(
        t, drawn, yerr=[down, 2 * error], color=color, marker=marker, markersize=4, elinewidth=0.8, label=label
    )
    for edge, beyond, arrow in ((LEAST, ratio < LEAST, "v"), (GREATEST, ratio > GREATEST, "^")):
        axis.plot(t[beyond], np.full(beyond.sum(), edge), arrow, color=color, clip_on=False, markersize=4)
    if curve.end == "ratio" and curve.radius > 0:
        after = ratio[t > curve.radius][0]
        edge = HIGH if after > HIGH or after < 0 else LOW
        axis.plot(curve.radius, edge, marker, color="white", markeredgecolor=color, markersize=6, zorder=4)


def _radius(curve: Validity) -> str:
    """Radius of validity as the legend gives it."""
    if not np.isfinite(curve.ratio).any():
        return "gap not resolved"
    return f"r {'=' if curve.end == 'ratio' else '≥'} {curve.radius:.2g}"


def _beyond(curve: Validity) -> np.ndarray:
    """Which ratios do not fit on the axis."""
    ratio = np.asarray(curve.ratio)
    return (ratio < LEAST) | (ratio > GREATEST)
