"""Figure: the measured gap of every pair of data sets and its predictions, both directions of a pair side by side.

Each direction has a row, and the rows of one pair are next to each other. Predictions and the black dot are of the same
images; the gray line is the gap measured on many more images. The axis is linear within one bit/dim and logarithmic
beyond. Bars are two standard errors.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures.axes import LINEAR_WITHIN, error_bar, symmetric_log, zero_line
from paper_figures.registry import figure
from paper_figures.style import COLUMN_WIDTH, PALETTE, SHADE, WHITE_EDGE

RUNGS = {"taylor2": ("s", PALETTE[1]), "path-3": ("^", PALETTE[2]), "path": ("D", PALETTE[3])}
MEASURED, MANY = "measured", "measured, many images"
LOOKS = {MEASURED: ("o", PALETTE[6]), **RUNGS}
ROW_SPACING, PAIR_SPACING = 1.0, 0.55
OFFSETS = {MEASURED: 0.27, "taylor2": 0.09, "path-3": -0.09, "path": -0.27}
TITLES = {
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "svhn": "SVHN",
    "celeba32": "CelebA",
    "tinyimagenet32": "Tiny ImageNet",
}


@figure("likelihood-gaps", reads=("gaps.csv", "ladder.csv"), made_by="likelihood-curvature gaps")
def likelihood_gaps(gaps: pd.DataFrame, ladder: pd.DataFrame) -> Figure:
    """Draw every pair.

    Parameters
    ----------
    gaps
        Gaps measured on many images, one row for each training set and input set, with the columns `train_set,
        input_set, kind, gap_to_train, gap_to_train_se`; rows of kind ``other`` are drawn.
    ladder
        Tidy comparisons of the same models, as `analysis.comparison.compare` makes them; gaps in bits per dimension.
    """
    rows = gaps[gaps["kind"] == "other"].to_dict("records")
    predicted = {(row["train_set"], row["input_set"], row["rung"]): row for row in ladder.to_dict("records")}
    places = _places([(row["train_set"], _set_name(row)) for row in rows])
    drawn = Figure(figsize=(COLUMN_WIDTH, 0.9 + 0.31 * len(rows)), layout="constrained")
    axes = drawn.subplots()
    for row in rows:
        y = places[row["train_set"], _set_name(row)]
        _draw_band(axes, y, row["gap_to_train"], row["gap_to_train_se"])
        found = [predicted[key] for rung in RUNGS if (key := (row["train_set"], row["input_set"], rung)) in predicted]
        for measured in found[:1]:
            _draw_point(axes, y, MEASURED, measured["measured"], measured["measured_se"])
        for each in found:
            _draw_point(axes, y, each["rung"], each["predicted"], each["predicted_se"])
    _finish(axes, places)
    handles, labels = _once(axes)
    drawn.legend(handles, labels, loc="outside upper center", ncols=3, columnspacing=0.8, handletextpad=0.2)
    return drawn


def _set_name(row: Mapping[Any, Any]) -> str:
    """The input set's name without its split."""
    return str(row["input_set"]).partition("/")[0]


def _places(directions: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Height of every direction's row, from the top down; the two directions of a pair are next to each other."""
    pairs: dict[frozenset[str], list[tuple[str, str]]] = {}
    for direction in directions:
        pairs.setdefault(frozenset(direction), []).append(direction)
    places, y = {}, 0.0
    for both in pairs.values():
        for direction in both:
            places[direction] = y
            y -= ROW_SPACING
        y -= PAIR_SPACING
    return places


def _draw_band(axes: Axes, y: float, value: float, error: float) -> None:
    """Draw the gap on many images as a band: as high as the row, as wide as the error bar on both sides."""
    ends, bar = [y - 0.45, y + 0.45], error_bar(error)
    axes.fill_betweenx(ends, value - bar, value + bar, color="0.6", linewidth=0, zorder=2)
    axes.plot([value, value], ends, color="0.6", linewidth=1.5, label=MANY, zorder=2)


def _draw_point(axes: Axes, y: float, what: str, value: float, error: float) -> None:
    marker, color = LOOKS[what]
    options: dict[str, Any] = {"fmt": marker, "color": color, "markersize": 4, "elinewidth": 0.8, **WHITE_EDGE}
    axes.errorbar(value, y + OFFSETS[what], xerr=error_bar(error), label=what, zorder=3, **options)


def _finish(axes: Axes, places: Mapping[tuple[str, str], float]) -> None:
    low, high = axes.get_xlim()
    low, high = min(low, -LINEAR_WITHIN), max(high, LINEAR_WITHIN)
    axes.axvspan(2 * low, 0, color=SHADE, alpha=0.6, linewidth=0, zorder=0)
    zero_line(axes, "x")
    symmetric_log(axes, "x", (1.15 * low, 1.15 * high))
    axes.set_yticks(list(places.values()), [f"{_title(train)} → {_title(other)}" for train, other in places])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(min(places.values()) - 0.6, 0.6)
    axes.set_xlabel("gap [bits/dim], shaded = more likely", loc="right")


def _title(name: str) -> str:
    return TITLES.get(name, name)


def _once(axes: Axes) -> tuple[list[Any], list[str]]:
    """One handle for each label."""
    by_label = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    return list(by_label.values()), list(by_label)
