"""Parts of axes that several figures share: error bars, zero lines, tick labels and symmetric-logarithmic scales."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.resolution import STANDARD_ERRORS
from paper_figures.style import REFERENCE

LINEAR_WITHIN = 1.0
"""Bits/dim up to which an axis of gaps is linear; it is logarithmic beyond."""
# Size of a tick label in a panel of about two inches, as a share of the axis' length.
CHARACTER_WIDTH, LINE_HEIGHT = 0.03, 0.08
_LARGEST_POWER = 9
_WRITTEN_OUT = 4  # powers of ten from here on are written as powers


def error_bar(standard_error: Any) -> Any:
    """Half length of the error bar, or half width of the band, of a number or of a column of numbers."""
    return STANDARD_ERRORS * standard_error


def zero_line(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Draw the line where the x or the y axis is zero."""
    draw = axes.axhline if which == "y" else axes.axvline
    draw(0, color=REFERENCE, linewidth=0.7, zorder=1)


def set_ticks(axis: Axis, ticks: Iterable[float]) -> None:
    """Put labelled ticks at these places and none between them."""
    axis.set_major_locator(FixedLocator(sorted(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick_label(value)))


def tick_label(value: float) -> str:
    """Write a number in short form, with a minus sign as wide as a plus, and large powers of ten as powers."""
    power = np.log10(abs(value)) if value else 0.0
    if power >= _WRITTEN_OUT and power == int(power):
        return f"${'-' if value < 0 else ''}10^{{{int(power)}}}$"
    return f"{value:g}".replace("-", "−")


def symmetric_log(
    axes: Axes,
    which: Literal["x", "y"],
    limits: tuple[float, float] | None = None,
    linear_within: float = LINEAR_WITHIN,
    linear_share: float = 1.0,
) -> None:
    """Make an axis linear near zero and logarithmic beyond, with ticks whose labels do not touch.

    Parameters
    ----------
    axes, which
        The axes, and whether its x or its y axis is meant.
    limits
        Ends of the axis; if left out, those of the data drawn so far, with a margin.
    linear_within
        Size up to which the axis is linear.
    linear_share
        Length of the linear part on each side of zero, in decades of the logarithmic part.
    """
    set_scale, set_limits = (axes.set_xscale, axes.set_xlim) if which == "x" else (axes.set_yscale, axes.set_ylim)
    set_scale("symlog", linthresh=linear_within, linscale=linear_share)
    if limits is None:
        # Limits set under the linear scale have its margins, which would leave large values without room.
        axes.autoscale_view(scalex=which == "x", scaley=which == "y")
    else:
        set_limits(*limits)
    axis: Axis = axes.xaxis if which == "x" else axes.yaxis
    set_ticks(axis, _ticks_apart(axis, linear_within, _label_width if which == "x" else _label_height))


def _label_width(value: float) -> float:
    """Share of a horizontal axis that a tick's label and half a space on each side take."""
    return CHARACTER_WIDTH * (1 + len(tick_label(value).strip("$").replace("^{", "").replace("}", "")))


def _label_height(_: float) -> float:
    return LINE_HEIGHT


def _ticks_apart(axis: Axis, linear_within: float, size: Callable[[float], float]) -> list[float]:
    """Zero and powers of ten first, then numbers between them; each only if its label touches no other."""
    low, high = axis.get_view_interval()
    sizes = [linear_within * size for size in (*(10.0**k for k in range(_LARGEST_POWER)), 0.5, 5.0, 2.0)]
    wanted = [0.0, *(sign * size for size in sizes for sign in (-1, 1))]
    start, end, *places = axis.get_transform().transform(np.array([low, high, *wanted]))
    kept: dict[float, float] = {}
    for tick, place in zip(wanted, (np.array(places) - start) / (end - start), strict=True):
        clear = all(abs(place - at) >= (size(tick) + size(other)) / 2 for other, at in kept.items())
        if low <= tick <= high and clear:
            kept[tick] = place
    return list(kept)


def legend_beneath(figure: Figure, handles: list[Any], labels: list[str], *, columns: int, **options: Any) -> None:
    """Put one legend for all panels below them."""
    placed = {"loc": "outside lower center", "ncols": columns, "columnspacing": 1.2}
    figure.legend(handles, labels, **{**placed, **options})
