"""WAIC of input sets under an ensemble: the mean log p of its members less the variance among them.

Choi, Jang & Alemi 2018, arXiv 1810.01392. Any model with a method ``waic(x) -> [B]`` nats has it.
"""

import math
from collections.abc import Mapping

import pandas as pd
from torch import Tensor

from analysis.comparison import Provenance
from analysis.likelihood import measure
from curvature.precision import LogDensity
from experiments.study.trained_model import StudiedModel

WAIC = "waic.csv"
BATCH_SIZE = 256


def waic_outputs(trained: StudiedModel) -> tuple[str, ...]:
    """The file that a comparison of this model writes besides: none for a model without WAIC."""
    return (WAIC,) if hasattr(trained.model, "waic") else ()


def waic_table(trained: StudiedModel, samples: Mapping[str, Tensor], provenance: Provenance) -> pd.DataFrame:
    """Measure WAIC on the scale of likelihoods.

    Parameters
    ----------
    trained
        A model with a method ``waic``; it is evaluated in double precision.
    samples
        Events by the input sets' names, the training images first.
    provenance
        What the rows name as their source.

    Returns
    -------
    DataFrame
        A row for each input set: `waic` in bits per dimension, as log p is given (lower for images that all members
        find likely), `gap` the difference from the training images, both with standard errors over images.

    Raises
    ------
    NonFiniteError
        If WAIC is not finite for an image.
    """
    density, bits = LogDensity.of(trained.model.waic), trained.representation.bits
    found = [measure(density, x.to(density.device), name, BATCH_SIZE, bits) for name, x in samples.items()]
    train, *_ = found
    rows = [
        {
            "run": provenance.run,
            "model": provenance.model,
            "family": provenance.family,
            "train_set": provenance.train_set,
            "input_set": each.input_set,
            "waic": each.bits_per_dim,
            "waic_se": each.standard_error,
            "gap": each.bits_per_dim - train.bits_per_dim,
            "gap_se": 0.0 if each is train else math.hypot(each.standard_error, train.standard_error),
            "n_images": each.n_images,
            "seed": provenance.seed,
        }
        for each in found
    ]
    return pd.DataFrame(rows)
