"""The error of log p itself, for models whose log p is an estimate, as a column of a comparison."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from analysis.comparison import BOUND_ERROR
from curvature.units import gap_bits_per_dim

BATCH_SIZE = 64


def with_bound_errors(rows: pd.DataFrame, model: Any, samples: Mapping[str, Tensor]) -> pd.DataFrame:
    """Add the column `bound_se` where the model tells the error of its log p, and leave the rows as they are elsewhere.

    Parameters
    ----------
    rows
        A comparison (`analysis.comparison.compare`).
    model
        It tells the error by a method ``log_prob_standard_error(x) -> [B]``, in nats.
    samples
        Events by the input sets' names.

    Returns
    -------
    DataFrame
        `bound_se` is the mean over a set's images, in bits/dim. All images share the same draws, so it is also about
        how far their mean could be off.
    """
    if not hasattr(model, "log_prob_standard_error"):
        return rows
    errors = {name: _mean_error(model, samples[name]) for name in rows["input_set"].unique()}
    return rows.assign(**{BOUND_ERROR: rows["input_set"].map(errors)})


def _mean_error(model: Any, x: Tensor) -> float:
    like = next(model.parameters())
    nats = torch.cat([model.log_prob_standard_error(part.to(like)) for part in x.split(BATCH_SIZE)])
    return -gap_bits_per_dim(float(nats.double().mean()), x[0].numel())
