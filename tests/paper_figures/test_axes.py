from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from paper_figures.axes import symmetric_log, tick_label, zero_line
from paper_figures.style import style

LIMITS = [(-1.5, 700.0), (-1e4, 1e4), (-0.9, 0.8), (-6000.0, 800.0)]


def drawn_labels(limits, which, size=2.6):
    """Places of the tick labels of one axis, in pixels, after drawing."""
    with style():
        figure = Figure(figsize=(size, size))
        axes = figure.subplots()
        symmetric_log(axes, which, limits)
        figure.draw_without_rendering()
    axis = axes.xaxis if which == "x" else axes.yaxis
    boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
    return [(box.x0, box.x1) if which == "x" else (box.y0, box.y1) for box in boxes], axis.get_ticklocs()


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("which", ["x", "y"])
def test_tick_labels_do_not_touch_and_zero_has_one(limits, which):
    spans, ticks = drawn_labels(limits, which)
    assert 0.0 in ticks
    assert len(ticks) >= 3
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    assert all(limits[0] <= tick <= limits[1] for tick in ticks)


def test_without_limits_large_values_have_room():
    axes = Figure().subplots()
    zero_line(axes)
    axes.plot([0, 1], [-0.5, 1000.0])
    axes.get_ylim()
    symmetric_log(axes, "y")
    low, high = axes.get_ylim()
    assert high > 1200
    assert -1.0 < low < -0.5


@pytest.mark.parametrize(
    ("value", "label"),
    [(0.0, "0"), (-0.5, "−0.5"), (1000.0, "1000"), (1e4, "$10^{4}$"), (-1e5, "$-10^{5}$"), (5e4, "50000")],
)
def test_tick_labels_are_short_and_have_a_wide_minus(value, label):
    assert tick_label(value) == label


@settings(max_examples=30, deadline=None)
@given(st.floats(-1e5, -0.1), st.floats(0.1, 1e5), st.sampled_from([0.1, 1.0]))
def test_the_identity_keeps_its_order_on_the_axis(low, high, linear_within):
    axes = Figure().subplots()
    symmetric_log(axes, "x", (low, high), linear_within=linear_within)
    values = np.linspace(low, high, 50)
    assert (np.diff(axes.xaxis.get_transform().transform(values)) > 0).all()
