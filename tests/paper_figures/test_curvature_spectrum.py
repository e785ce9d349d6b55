import numpy as np
import pytest
import torch

from curvature.frequencies import FrequencyBands
from paper_figures.curvature_spectrum import curvature_spectrum
from paper_figures.style import save, style

FREQUENCY = (0.0, 0.2, 0.5)


def bands(scale, curvature=(-1.0, -10.0, -100.0)):
    def column(*values):
        return torch.tensor(values, dtype=torch.float64)

    return FrequencyBands(
        frequency=column(*FREQUENCY),
        count=torch.tensor([1, 4, 11]),
        curvature=column(*curvature),
        variance_q=scale * column(5.0, 0.5, 0.05),
        variance_p=column(5.0, 0.5, 0.05),
        diagonal=column(1.0, 2.0, 3.0),
        channels=column(1.0, 2.0, 3.0),
        share=scale * column(1.0, 4.0, 22.0),
        dim=16,
    )


def panels(figure):
    return dict(zip(("curvature", "variance", "share", "per vector"), figure.axes, strict=True))


def test_every_panel_shows_its_column():
    axes = panels(curvature_spectrum({"one": bands(1.0), "half": bands(0.5)}, "china"))
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
    (legend,) = curvature_spectrum({"one": bands(1.0), "half": bands(0.5)}, "china").legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "half", "china, trained on"]


def test_the_sign_of_curvature_is_shown():
    def signs(figure):
        return [text.get_text() for text in panels(figure)["curvature"].get_legend().get_texts()]

    assert signs(curvature_spectrum({"one": bands(1.0)})) == ["negative"]
    assert signs(curvature_spectrum({"one": bands(1.0, (1.0, -2.0, -3.0))})) == ["negative", "positive"]


def test_the_figure_can_be_saved(tmp_path):
    with style():
        written = save(curvature_spectrum({"one": bands(1.0)}), tmp_path / "curvature_spectrum.png", "test")
    assert all(path.stat().st_size > 1000 for path in written)
