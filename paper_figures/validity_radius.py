"""Figure: predicted over measured gap as data are shrunk towards the expansion point, a curve for each input set.

The ratio of the second-order prediction to the measurement tends to 1 as the contrast t falls to 0. The shaded band is
[1/2, 2]; an open marker on its edge shows the radius of validity r of a set that leaves it. The legend gives r, with
">=" where it is a lower bound: the grid ends there, or the measured gap is not resolved beyond.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.validity import HIGH, LOW, Validity, curves_of
from paper_figures.axes import error_bar, set_ticks
from paper_figures.registry import figure
from paper_figures.style import PAGE_WIDTH, REFERENCE, SHADE, look

LEAST, GREATEST = 1 / 4, 4.0  # ratios outside are drawn at the edge


@figure("validity-radius", reads=("validity.csv",), made_by="likelihood-curvature explain")
def validity_radius(validity: pd.DataFrame) -> Figure:
    """Draw the ratio against the contrast, logarithmic, with error bars of two standard errors.

    Parameters
    ----------
    validity
        Rows as `analysis.validity.Validity.frame` makes them, of several input sets and one expansion. Points whose
        ratio is undefined are left out and the line is broken there; negative ratios (wrong sign) and others beyond
        the axis are drawn as arrows at its edge.
    """
    curves = curves_of(validity)
    drawn = Figure(figsize=(PAGE_WIDTH, 3.1), layout="constrained")
    axes = drawn.subplots()
    axes.axhspan(LOW, HIGH, color=SHADE, linewidth=0, zorder=0)
    axes.axhline(1, color=REFERENCE, zorder=1)
    for index, curve in enumerate(curves):
        _draw_curve(axes, curve, index)
    axes.set_yscale("log")
    axes.set_ylim(LEAST, GREATEST)
    set_ticks(axes.yaxis, (1 / 4, 1 / 2, 1, 2, 4))
    axes.set_xlim(left=0)
    axes.set_xlabel("contrast t of the data towards the expansion point")
    axes.set_ylabel("second order / measured gap")
    against = ", ".join(dict.fromkeys(curve.against for curve in curves))
    beyond = "; arrows = off the axis or of wrong sign" if any(_beyond(curve).any() for curve in curves) else ""
    drawn.suptitle(f"Gap against {against}. Shaded = within a factor of 2{beyond}")
    drawn.legend(*axes.get_legend_handles_labels(), loc="outside right center")
    return drawn


def _draw_curve(axes: Axes, curve: Validity, index: int) -> None:
    color, marker = look(index)["color"], look(index)["marker"]
    t, ratio, error = (np.asarray(values) for values in (curve.t, curve.ratio, curve.ratio_se))
    inside = (ratio >= LEAST) & (ratio <= GREATEST)
    drawn = np.where(inside, ratio, np.nan)
    label = f"{curve.input_set} ({_radius(curve)})"
    # An error bar that reaches below zero has no end on a logarithmic axis; it is cut just below the axis.
    up = error_bar(error)
    down = np.minimum(up, drawn - LEAST / 2)
    axes.errorbar(t, drawn, yerr=[down, up], color=color, marker=marker, markersize=4, elinewidth=0.8, label=label)
    for edge, beyond, arrow in ((LEAST, ratio < LEAST, "v"), (GREATEST, ratio > GREATEST, "^")):
        # An empty line that is not clipped would count as a point in the figure's corner and shift the axes.
        if beyond.any():
            axes.plot(t[beyond], np.full(beyond.sum(), edge), arrow, color=color, clip_on=False, markersize=4)
    if curve.end == "ratio" and curve.radius > 0:
        after = ratio[t > curve.radius][0]
        edge = HIGH if after > HIGH or after < 0 else LOW
        axes.plot(curve.radius, edge, marker, color="white", markeredgecolor=color, markersize=6, zorder=4)


def _radius(curve: Validity) -> str:
    """Radius of validity as the legend shows it."""
    if not np.isfinite(curve.ratio).any():
        return "gap not resolved"
    return f"r {'=' if curve.end == 'ratio' else '≥'} {curve.radius:.2g}"


def _beyond(curve: Validity) -> np.ndarray:
    """Which ratios do not fit on the axis."""
    ratio = np.asarray(curve.ratio)
    return (ratio < LEAST) | (ratio > GREATEST)
