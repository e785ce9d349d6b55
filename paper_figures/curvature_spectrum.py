"""Figure: curvature, data variance and contribution to the gap, against spatial frequency.

Four panels over one frequency axis: the size of the curvature; the variance of the training set and of each input set;
each band's exact share of the covariance term; and the same per basis vector, since most vectors are of high frequency.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvature.units import gap_bits_per_dim
from paper_figures.axes import legend_beneath, symmetric_log, zero_line
from paper_figures.registry import figure
from paper_figures.style import PAGE_WIDTH, look

SHARE_LINEAR_WITHIN = 0.1  # bits/dim


@figure("curvature-spectrum", reads=("frequencies.csv",), made_by="likelihood-curvature explain")
def curvature_spectrum(frequencies: pd.DataFrame) -> Figure:
    """Draw the frequency bands of several input sets against one training set.

    Parameters
    ----------
    frequencies
        Rows as `analysis.frequencies.frequency_frame` makes them: all of one expansion, one training set and the same
        bands.
    """
    drawn = Figure(figsize=(PAGE_WIDTH, 4.6), layout="constrained")
    (curvature, variance), (share, per_vector) = drawn.subplots(2, 2, sharex=True)
    sets = list(frequencies.groupby("input_set", sort=False))
    _, first = sets[0]
    _draw_curvature(curvature, first)
    for index, (name, bands) in enumerate(sets):
        _draw_set(variance, share, per_vector, bands, look(index) | {"markersize": 4, "label": str(name)})
    variance.plot(first["frequency"], first["variance_p"], "--", color="0.1", linewidth=1.5, label="training images")
    variance.set_title("variance of the data, v′Σv")
    variance.set_ylabel("pixel scale²")
    variance.set_yscale("log")
    share.set_title("share of the gap, by band")
    share.set_ylabel("bits/dim")
    per_vector.set_title("share of the gap, per basis vector")
    per_vector.set_ylabel("10⁻³ bits/dim")
    # Gaps of noise are hundreds of times those of images.
    for axes, linear_within in ((share, SHARE_LINEAR_WITHIN), (per_vector, 10 * SHARE_LINEAR_WITHIN)):
        zero_line(axes)
        symmetric_log(axes, "y", linear_within=linear_within)
        axes.set_xlabel("spatial frequency [cycles/pixel]")
    drawn.suptitle("Along which spatial frequencies the gap is made (negative = more likely)")
    legend_beneath(drawn, *variance.get_legend_handles_labels(), columns=4)
    return drawn


def _draw_set(variance: Axes, share: Axes, per_vector: Axes, bands: pd.DataFrame, options: dict[str, Any]) -> None:
    """Draw one input set into all panels but that of the curvature."""
    frequency = bands["frequency"]
    gap = gap_bits_per_dim(1.0, int(bands["dim"].iloc[0])) * bands["share"]
    variance.plot(frequency, bands["variance_q"], **options)
    share.plot(frequency, gap, **options)
    per_vector.plot(frequency, 1e3 * gap / bands["count"], **options)


def _draw_curvature(axes: Axes, bands: pd.DataFrame) -> None:
    """Draw the size of the curvature, with filled markers where it is negative and open ones where it is positive."""
    frequency, h = (bands[name].to_numpy() for name in ("frequency", "curvature"))
    axes.plot(frequency, np.abs(h), color="0.2", zorder=0)
    for sign, face, name in ((-1, "0.2", "negative"), (1, "white", "positive")):
        of_sign = np.sign(h) == sign
        if of_sign.any():
            axes.plot(frequency[of_sign], np.abs(h[of_sign]), "o", color="0.2", markerfacecolor=face, label=name)
    axes.set_yscale("log")
    axes.set_title("curvature of log p, |v′Hv|")
    axes.set_ylabel("nats / pixel scale²")
    axes.legend(loc="lower right")
