import numpy as np
import pandas as pd
import pytest

from analysis.comparison import COLUMNS
from paper_figures.predicted_against_measured import predicted_against_measured

RUNGS = {"diagonal": 300.0, "full": 1.8, "path-3": 1.01}
MEASURED = {"china/test": 0.05, "flower/test": 0.5, "constant=128": -0.9, "noise=uniform": 60.0}


def comparison():
    rows = []
    for input_set, measured in MEASURED.items():
        for rung, factor in RUNGS.items():
            row = dict.fromkeys(COLUMNS, 0.0)
            row |= {"run": "here", "model": "glow", "train_set": "china", "input_set": input_set, "rung": rung}
            row |= {"predicted": factor * measured, "predicted_se": 0.02, "measured": measured, "measured_se": 0.01}
            rows.append(row | {"error": (factor - 1) * measured})
    return pd.DataFrame(rows)


def panels(figure):
    return {axis.get_title(): axis for axis in figure.axes if axis.get_title()}


def test_every_rung_has_a_panel_with_a_point_for_each_input_at_its_numbers():
    figure = predicted_against_measured(comparison())
    assert [title.split(" ")[0] for title in panels(figure)] == list(RUNGS)
    for title, axis in panels(figure).items():
        factor = RUNGS[title.split(" ")[0]]
        points = [(line.get_xdata()[0], line.get_ydata()[0]) for bar in axis.containers for line in [bar.lines[0]]]
        assert np.allclose(points, [(measured, factor * measured) for measured in MEASURED.values()])


def test_error_bars_are_two_standard_errors_long():
    axis = panels(predicted_against_measured(comparison()))["full"]
    (horizontal,), (vertical,) = (lines.get_segments() for lines in axis.containers[0].lines[2])
    assert np.ptp(horizontal[:, 0]) == pytest.approx(4 * 0.01)
    assert np.ptp(vertical[:, 1]) == pytest.approx(4 * 0.02)


def test_only_a_rung_that_is_off_by_orders_of_magnitude_has_its_own_scale():
    axes = panels(predicted_against_measured(comparison()))
    assert set(axes) == {"diagonal (own scale)", "full", "path-3"}
    assert axes["full"].get_ylim() == axes["path-3"].get_ylim()
    assert axes["diagonal (own scale)"].get_ylim()[1] > 10 * axes["full"].get_ylim()[1]


def test_every_input_is_named_in_the_legend_once():
    (legend,) = predicted_against_measured(comparison()).legends
    assert [text.get_text() for text in legend.get_texts()] == list(MEASURED)
