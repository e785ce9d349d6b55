import math

import numpy as np
import pandas as pd
import pytest

from analysis.validity import Validity
from paper_figures.validity_radius import GREATEST, LEAST, validity_radius

T = (0.1, 0.5, 1.0)


def curve(name, ratio, radius, end, against="p", ratio_se=(0.01, 0.1, 0.2)):
    ones = (1.0, 1.0, 1.0)
    return Validity(name, against, T, ratio, ones, ones, ones, ratio, ratio_se, radius, end, 9, 9)


CURVES = (
    curve("inside", (1.0, 1.2, 1.5), 1.0, "grid"),
    curve("leaves", (1.0, 1.5, 3.0), 0.7, "ratio"),
    curve("turns", (1.0, 0.8, -3.0), 0.6, "ratio"),
    curve("falls", (1.0, 0.8, 0.01), 0.6, "ratio"),
    curve("far", (9.0, 9.0, 9.0), 0.0, "ratio"),
    curve("lost", (1.0, math.nan, 9.0), 0.1, "undefined"),
    curve("nothing", (math.nan,) * 3, 0.0, "undefined"),
)


def drawn(*curves):
    return validity_radius(pd.concat([each.frame() for each in curves], ignore_index=True))


def labels(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def test_the_legend_says_each_sets_radius():
    assert labels(drawn(*CURVES)) == [
        "inside (r ≥ 1)",
        "leaves (r = 0.7)",
        "turns (r = 0.6)",
        "falls (r = 0.6)",
        "far (r = 0)",
        "lost (r ≥ 0.1)",
        "nothing (gap not resolved)",
    ]


def test_points_sit_at_their_ratios_with_bars_of_two_standard_errors():
    figure = drawn(CURVES[0])
    (axis,) = figure.axes
    (bars,) = axis.containers
    np.testing.assert_allclose(bars.lines[0].get_xydata(), [*zip(T, CURVES[0].ratio, strict=True)])
    np.testing.assert_allclose(bars.lines[2][0].get_segments()[1][:, 1], [1.0, 1.4])
    assert figure.get_suptitle() == "Gap against p. Shaded = within a factor of 2"


def test_a_bar_that_would_reach_below_zero_stops_beneath_the_axis():
    (axis,) = drawn(curve("wide", (1.0, 1.0, 0.3), 0.8, "ratio", ratio_se=(0.1, 0.1, 5.0))).axes
    low, high = axis.containers[0].lines[2][0].get_segments()[2][:, 1]
    assert 0 < low < LEAST
    assert high == pytest.approx(10.3)


def test_ratios_off_the_axis_become_arrows_and_the_title_says_so():
    figure = drawn(*CURVES[2:5])
    (axis,) = figure.axes
    assert "arrows" in figure.get_suptitle()
    arrows = {(line.get_marker(), *xy) for line in axis.lines for xy in line.get_xydata() if line.get_marker() in "v^"}
    assert ("v", 1.0, LEAST) in arrows
    assert {("^", t, GREATEST) for t in T} <= arrows


def test_open_markers_show_the_radius_on_the_edge_that_is_crossed():
    (axis,) = drawn(*CURVES).axes
    open_markers = [tuple(line.get_xydata()[0]) for line in axis.lines if line.get_color() == "white"]
    assert open_markers == [(0.7, 2.0), (0.6, 2.0), (0.6, 0.5)]


def test_the_axes_begin_at_the_left_edge_though_no_ratio_lies_off_the_axis():
    figure = drawn(CURVES[0])
    figure.draw_without_rendering()
    assert figure.axes[0].get_position().x0 < 0.12
