import numpy as np
import pandas as pd
import pytest

from paper_figures.curvature_spectrum import curvature_spectrum

FREQUENCY = (0.0, 0.2, 0.5)


def frequencies(curvature=(-1.0, -10.0, -100.0), **scales):
    """Rows of sets whose variance and share of the gap are the first one's times a factor."""
    shared = {"frequency": FREQUENCY, "count": (1, 4, 11), "curvature": curvature, "variance_p": (5.0, 0.5, 0.05)}
    parts = [
        pd.DataFrame(shared).assign(
            input_set=name,
            variance_q=scale * np.array([5.0, 0.5, 0.05]),
            share=scale * np.array([1.0, 4.0, 22.0]),
            dim=16,
        )
        for name, scale in scales.items()
    ]
    return pd.concat(parts, ignore_index=True)


def panels(figure):
    return dict(zip(("curvature", "variance", "share", "per vector"), figure.axes, strict=True))


def test_every_panel_shows_its_column():
    axes = panels(curvature_spectrum(frequencies(one=1.0, half=0.5)))
    nat = -1 / (16 * np.log(2))
    for name, expected in (
        ("curvature", [(1.0, 10.0, 100.0)]),
        ("variance", [(5.0, 0.5, 0.05), (2.5, 0.25, 0.025), (5.0, 0.5, 0.05)]),
        ("share", [(nat, 4 * nat, 22 * nat), (nat / 2, 2 * nat, 11 * nat)]),
        ("per vector", [(1e3 * nat, 1e3 * nat, 2e3 * nat), (500 * nat, 500 * nat, 1e3 * nat)]),
    ):
        lines = [line for line in axes[name].lines if len(line.get_xdata()) == 3 and line.get_linestyle() != "None"]
        assert len(lines) == len(expected)
        for line, y in zip(lines, expected, strict=True):
            assert tuple(line.get_xdata()) == FREQUENCY
            assert line.get_ydata() == pytest.approx(np.array(y))


def test_the_legend_names_every_set_and_the_training_set():
    (legend,) = curvature_spectrum(frequencies(one=1.0, half=0.5)).legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "half", "training images"]


def test_the_sign_of_curvature_is_shown():
    def signs(figure):
        return [text.get_text() for text in panels(figure)["curvature"].get_legend().get_texts()]

    assert signs(curvature_spectrum(frequencies(one=1.0))) == ["negative"]
    assert signs(curvature_spectrum(frequencies((1.0, -2.0, -3.0), one=1.0))) == ["negative", "positive"]


def test_the_largest_share_has_room_beneath_the_axis_end():
    axes = panels(curvature_spectrum(frequencies(image=1.0, noise=1e4)))["share"]
    assert axes.get_ylim()[0] < 1.2 * min(line.get_ydata().min() for line in axes.lines[:2])
