"""Figure: curvature, data variance, and the part of the gap made, against spatial frequency.

Four panels over one frequency axis: the size of the curvature; the variance of the training set and of each input set;
each band's exact share of the covariance term; and the same per basis vector, since most vectors are of high frequency.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from torch import Tensor

from analysis.frequencies import frequency_bands_of
from curvature.frequencies import FrequencyBands
from curvature.units import gap_bits_per_dim
from paper_figures.style import PAGE_WIDTH, look, save, style

NAME = "curvature_spectrum"


def draw(run: Path) -> list[Path]:
    """Draw the figure of a run directory from its `frequencies.csv`; returns the files written."""
    with style():
        figure = curvature_spectrum(frequency_bands_of(pd.read_csv(run / "frequencies.csv")))
        return save(figure, run / "figures" / f"{NAME}.png", f"run {run.name}: frequencies.csv")


def curvature_spectrum(bands: Mapping[str, FrequencyBands], train_set: str = "training set") -> Figure:
    """Draw the bands of several input sets against one training set.

    Parameters
    ----------
    bands
        By input set; all of one expansion, one training set p and the same rings.
    train_set
        Name of p.
    """
    first = next(iter(bands.values()))
    frequency = _numbers(first.frequency)
    figure = Figure(figsize=(PAGE_WIDTH, 4.6), layout="constrained")
    (curvature, variance), (share, per_vector) = figure.subplots(2, 2, sharex=True)
    _draw_curvature(curvature, frequency, _numbers(first.curvature))
    variance.set_title("variance of the data, v′Σv")
    variance.set_ylabel("pixel scale²")
    variance.set_yscale("log")
    share.set_title("share of the gap, by band")
    share.set_ylabel("bits/dim")
    per_vector.set_title("share of the gap, per basis vector")
    per_vector.set_ylabel("10⁻³ bits/dim")
    # Noise makes gaps hundreds of times those of images: linear near zero, logarithmic beyond.
    for axis, linear_within in ((share, 0.1), (per_vector, 1.0)):
        axis.set_yscale("symlog", linthresh=linear_within)
        axis.yaxis.set_minor_locator(NullLocator())
        axis.axhline(0, color="0.35", linewidth=0.7)
        axis.set_xlabel("spatial frequency [cycles/pixel]")
    for index, (name, band) in enumerate(bands.items()):
        shown = {**look(index), "markersize": 4}
        gap = gap_bits_per_dim(band.share, band.dim)
        variance.plot(frequency, _numbers(band.variance_q), label=name, **shown)
        share.plot(frequency, _numbers(gap), **shown)
        per_vector.plot(frequency, 1e3 * _numbers(gap / band.count), **shown)
    variance.plot(
        frequency, _numbers(first.variance_p), "--", color="0.1", linewidth=1.5, label=f"{train_set}, trained on"
    )
    figure.suptitle("Along which spatial frequencies the gap is made (negative = more likely)", fontsize=8.5)
    figure.legend(*variance.get_legend_handles_labels(), loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure


def _draw_curvature(axis: Axes, frequency: np.ndarray, h: np.ndarray) -> None:
    axis.plot(frequency, np.abs(h), color="0.2", zorder=0)
    for sign, face, name in ((-1, "0.2", "negative"), (1, "white", "positive")):
        of_sign = np.sign(h) == sign
        if of_sign.any():
            axis.plot(frequency[of_sign], np.abs(h[of_sign]), "o", color="0.2", markerfacecolor=face, label=name)
    axis.set_yscale("log")
    axis.set_title("curvature of log p, |v′Hv|")
    axis.set_ylabel("nats / pixel scale²")
    axis.legend(loc="lower right")


def _numbers(values: Tensor) -> np.ndarray:
    return values.detach().cpu().numpy()
