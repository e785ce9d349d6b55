"""Log p as a detector: how well it tells the images of each input set from the training images."""

from collections.abc import Mapping

import pandas as pd

from analysis.detection import auroc
from experiments.study.rungs import RungValues


def with_auroc(measured: pd.DataFrame, values: Mapping[str, RungValues], train: str) -> pd.DataFrame:
    """Add the columns `auroc` and `auroc_se`.

    Parameters
    ----------
    measured
        One row for each input set.
    values
        Log p of every image, by the sets' names.
    train
        Name of the training images, which should have the larger log p.

    Returns
    -------
    DataFrame
        `auroc` is the probability that a training image has the larger log p (`analysis.detection.Auroc`): below 0.5
        where the other set is likelier.
    """
    inside = values[train].measured.numpy(force=True)
    found = [auroc(inside, values[name].measured.numpy(force=True)) for name in measured["input_set"]]
    return measured.assign(auroc=[each.value for each in found], auroc_se=[each.standard_error for each in found])
