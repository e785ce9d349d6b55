"""Figure: the measured gap of every pair of data sets and its predictions, both directions of a pair side by side.

A row for each direction; rows of one pair stand together. Predictions and the black dot are of the same images; the
gray line is the measured gap on many more. The axis is linear within one bit/dim and logarithmic beyond. Bars are two
standard errors.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from paper_figures.style import COLUMN_WIDTH, PALETTE, SHADE, save, style

NAME = "likelihood_gaps"
LINEAR_WITHIN = 1.0  # bits/dim
# Most wanted first.
TICKS = (0.0, *(sign * tick for tick in (1.0, *(10.0**k for k in range(1, 6)), 0.5, 5.0, 2.0) for sign in (-1, 1)))
TICK_DISTANCE = 0.12  # of the axis: about as wide as "−0.5" and a space
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


def draw(run: Path) -> list[Path]:
    """Draw the figure of a directory of results from its `gaps.csv` and `ladder.csv`; returns the files written."""
    gaps, ladder = pd.read_csv(run / "gaps.csv"), pd.read_csv(run / "ladder.csv")
    with style():
        figure = likelihood_gaps(gaps, ladder)
        return save(figure, run / "figures" / f"{NAME}.png", f"results {run.name}: gaps.csv, ladder.csv")


def likelihood_gaps(gaps: pd.DataFrame, ladder: pd.DataFrame) -> Figure:
    """Draw every pair.

    Parameters
    ----------
    gaps
        Measured on many images, as `experiments.paper.gaps.tables.gaps_table` makes them; rows of kind ``other`` are
        drawn.
    ladder
        Tidy comparisons of the same models, as `analysis.comparison.compare` makes them; gaps in bits per dimension.
    """
    rows = gaps[gaps["kind"] == "other"].to_dict("records")
    predicted = {(row["train_set"], row["input_set"], row["rung"]): row for row in ladder.to_dict("records")}
    places = _places([(row["train_set"], row["input_set"].partition("/")[0]) for row in rows])
    figure = Figure(figsize=(COLUMN_WIDTH, 0.9 + 0.31 * len(rows)), layout="constrained")
    axis = figure.subplots()
    for row in rows:
        other = row["input_set"].partition("/")[0]
        y = places[(row["train_set"], other)]
        _draw_band(axis, y, row["gap_to_train"], row["gap_to_train_se"])
        seen = [rung for rung in RUNGS if (row["train_set"], row["input_set"], rung) in predicted]
        for rung in seen:
            found = predicted[row["train_set"], row["input_set"], rung]
            if rung == seen[0]:
                _draw_point(axis, y, MEASURED, found["measured"], found["measured_se"])
            _draw_point(axis, y, rung, found["predicted"], found["predicted_se"])
    _finish(axis, places)
    handles, labels = _once(axis)
    figure.legend(handles, labels, loc="outside upper center", ncols=3, columnspacing=0.8, handletextpad=0.2)
    return figure


def _places(directions: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Height of every direction's row, from the top down; the two directions of a pair stand together."""
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


def _draw_band(axis: Axes, y: float, value: float, error: float) -> None:
    """The gap on many images, as high as the row and four standard errors wide."""
    ends = [y - 0.45, y + 0.45]
    axis.fill_betweenx(ends, value - 2 * error, value + 2 * error, color="0.6", linewidth=0, zorder=2)
    axis.plot([value, value], ends, color="0.6", linewidth=1.5, label=MANY, zorder=2)


def _draw_point(axis: Axes, y: float, what: str, value: float, error: float) -> None:
    marker, color = LOOKS[what]
    axis.errorbar(
        value,
        y + OFFSETS[what],
        xerr=2 * error,
        fmt=marker,
        color=color,
        markersize=4,
        markeredgecolor="white",
        markeredgewidth=0.4,
        elinewidth=0.8,
        label=what,
        zorder=3,
    )


def _finish(axis: Axes, places: Mapping[tuple[str, str], float]) -> None:
    low, high = axis.get_xlim()
    low, high = min(low, -LINEAR_WITHIN), max(high, LINEAR_WITHIN)
    axis.axvspan(2 * low, 0, color=SHADE, alpha=0.6, linewidth=0, zorder=0)
    axis.axvline(0, color="0.35", linewidth=0.7, zorder=1)
    axis.set_xscale("symlog", linthresh=LINEAR_WITHIN, linscale=1.0)
    axis.set_xlim(1.15 * low, 1.15 * high)
    axis.xaxis.set_major_locator(FixedLocator(_ticks(axis)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axis.set_yticks(list(places.values()), [f"{_title(train)} → {_title(other)}" for train, other in places])
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(min(places.values()) - 0.6, 0.6)
    axis.set_xlabel("gap [bits/dim], shaded = more likely", loc="right")


def _ticks(axis: Axes) -> list[float]:
    """Those ticks within the axis' limits whose labels do not touch."""
    low, high = axis.get_xlim()
    start, end = axis.xaxis.get_transform().transform([low, high])
    kept: dict[float, float] = {}
    for tick, drawn in zip(TICKS, axis.xaxis.get_transform().transform(list(TICKS)), strict=True):
        place = (drawn - start) / (end - start)
        if low <= tick <= high and all(abs(place - other) >= TICK_DISTANCE for other in kept.values()):
            kept[tick] = place
    return sorted(kept)


def _title(name: str) -> str:
    return TITLES.get(name, name)


def _once(axis: Axes) -> tuple[list[Any], list[str]]:
    """One handle for each label."""
    by_label = dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
    return list(by_label.values()), list(by_label)
