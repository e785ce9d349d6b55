import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.comparison import COLUMNS
from paper_figures.training_trajectory import drawn_rungs, training_trajectory

STEPS = np.array([1, 10, 100])
RUNGS = {"gradient": 0.1, "mean-shift": 0.2, "full": 1.8, "taylor2": 1.6, "path-1": 0.8, "path-2": 0.9, "path-10": 1.0}
DRAWN = ["full", "taylor2", "path-1", "path-10"]


def trajectory(gaps):
    rows = []
    for input_set, values in gaps.items():
        for step, measured in zip(STEPS, values, strict=True):
            for rung, factor in RUNGS.items():
                row = dict.fromkeys(COLUMNS, 0.0) | {"step": step, "input_set": input_set, "rung": rung}
                row |= {"run": "here", "model": "glow", "train_set": "china", "measured_se": 0.01}
                rows.append(row | {"measured": measured, "predicted": factor * measured, "predicted_se": 0.02})
    return pd.DataFrame(rows)


def evaluations(*names):
    rows = [(step, name, 8 - np.log10(step), 0.1, 5) for step in STEPS for name in names]
    return pd.DataFrame(rows, columns=["step", "input_set", "bpd", "bpd_se", "n_images"])


GAPS = {"flower/test": [0.5, 0.3, -0.2], "digits/test": [900.0, 3.0, 2.0]}
SETS = ("china/train", "china/test")


@pytest.fixture
def figure():
    return training_trajectory(trajectory(GAPS), evaluations(*SETS))


def lines(axis):
    return {line.get_label(): line for line in axis.get_lines() if not line.get_label().startswith("_")}


def test_on_top_are_the_evaluated_likelihoods(figure):
    top = figure.axes[0]
    assert list(lines(top)) == list(SETS)
    for line in lines(top).values():
        assert np.allclose(line.get_ydata(), 8 - np.log10(STEPS))


def test_every_set_has_a_panel_with_its_gaps(figure):
    panels = {axis.get_title(loc="left"): axis for axis in figure.axes[1:]}
    assert list(panels) == list(GAPS)
    for name, axis in panels.items():
        assert axis.get_xscale() == "log"
        drawn = lines(axis)
        assert list(drawn) == [*DRAWN, "measured"]
        assert np.allclose(drawn["measured"].get_ydata(), GAPS[name])
        for rung in DRAWN:
            assert np.allclose(drawn[rung].get_xdata(), STEPS)
            assert np.allclose(drawn[rung].get_ydata(), RUNGS[rung] * np.array(GAPS[name]))


def test_rungs_are_told_apart_by_colour_and_by_dashes(figure):
    drawn = [lines(figure.axes[1])[rung] for rung in DRAWN]
    assert len({to_hex(line.get_color()) for line in drawn}) == len(DRAWN)
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in drawn}) == len(DRAWN)


def test_bands_are_two_standard_errors_on_each_side(figure):
    y = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert y.max() == pytest.approx(8 + 2 * 0.1)
    assert y.min() == pytest.approx(6 - 2 * 0.1)


def test_only_a_panel_with_huge_early_gaps_is_symmetric_logarithmic(figure):
    assert [axis.get_yscale() for axis in figure.axes[1:]] == ["linear", "symlog"]
    low, high = figure.axes[2].get_ylim()
    assert -1 < low < 0
    assert high > 1.8 * 900


def test_many_sets_take_two_columns():
    few, many = ({f"set{i}/test": [0.1, 0.2, 0.3] for i in range(n)} for n in (4, 5))
    widths = [training_trajectory(trajectory(gaps), evaluations(*SETS)).get_figwidth() for gaps in (few, many)]
    assert widths[1] == 2 * widths[0]


def test_one_path_rung_alone_is_drawn_once():
    rows = trajectory(GAPS)
    assert drawn_rungs(rows[rows["rung"].isin(["taylor2", "path-2"])]) == ["taylor2", "path-2"]
