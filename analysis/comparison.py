"""The tidy comparison: one row for every rung of the ladder and every input set, with predicted and measured gaps."""

from dataclasses import asdict, dataclass

import pandas as pd

from analysis.likelihood import Measurement
from curvature.ladder.ladder import Ladder
from curvature.ladder.prediction import RungPrediction
from curvature.ladder.remarks import rank_remark

COLUMNS = (
    "run",
    "model",
    "family",
    "train_set",
    "input_set",
    "rung",
    "kind",
    "predicted",
    "predicted_se",
    "measured",
    "measured_se",
    "bpd",
    "bpd_se",
    "n_images",
    "route",
    "seed",
    "nodes",
    "error",
    "error_se",
    "ratio",
    "sign_agrees",
    "converged",
    "unexplained",
    "unexplained_se",
    "half_sample",
    "ceiling",
    "ceiling_se",
    "no_ceiling",
    "remark",
)

SPLIT_COLUMNS = ("run", "model", "family", "train_set", "input_set", "part", "gap", "gap_se", "n_images", "seed")
BOUND_ERROR = "bound_se"
"""A further column where log p is an estimate: its own standard error, mean over the images, in bits/dim."""


@dataclass(frozen=True)
class Provenance:
    """Where a comparison comes from: the run, the model and its family, the training set and the seed of the noise."""

    run: str
    model: str
    family: str
    train_set: str
    seed: int


def compare(ladder: Ladder, measurement: Measurement, provenance: Provenance) -> pd.DataFrame:
    """Make the rows of one input set, one for each rung.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. `predicted` and `measured` are gaps in bits per dimension against the training distribution,
        negative = more likely than the training data; `bpd` is the input set's own. `error` is predicted minus measured
        on the same images with the same noise, and `error_se` its paired standard error; `ratio` is predicted over
        measured; `sign_agrees` tells whether both have one sign. `kind` is ``moments`` for predictions from means and
        covariances, ``samples`` for explanations by the samples. `nodes` is the number of quadrature nodes of a path
        rung, `converged` whether its rule converged, and `unexplained` the measured gap minus the explained one, with
        its paired standard error; these two are empty for rungs of kind ``moments``. `half_sample` is the gap from half
        of the images, for rungs whose value of a set is not a mean over its images. `ceiling` is that of a
        constant-volume flow: no gap lies below minus it; `no_ceiling` says why other models have none. `remark` says
        what else must be known of the row, such as that its moments are those of too few images.
    """
    return pd.DataFrame([_row(rung, ladder, measurement, provenance) for rung in ladder.rungs], columns=COLUMNS)


def split_table(ladder: Ladder, measurement: Measurement, provenance: Provenance) -> pd.DataFrame:
    """Make the rows of one input set's gap in three parts (docs/theory.md, eq. 86), and of the whole.

    Returns
    -------
    DataFrame
        Columns `SPLIT_COLUMNS`: `part` is ``second order``, ``higher orders``, ``beyond two moments`` or ``measured``,
        the sum of the three; `gap` its size in bits per dimension, with its paired standard error `gap_se`. No rows
        where the rungs `taylor2` and `gaussian` were not evaluated.
    """
    parts = () if ladder.split is None else (*ladder.split.parts, ladder.split.measured)
    shared = {**asdict(provenance), "input_set": measurement.input_set, "n_images": measurement.n_images}
    rows = [{**shared, "part": p.name, "gap": p.bits_per_dim, "gap_se": p.standard_error} for p in parts]
    return pd.DataFrame(rows, columns=SPLIT_COLUMNS)


def _row(rung: RungPrediction, ladder: Ladder, measurement: Measurement, provenance: Provenance) -> dict[str, object]:
    measured, ceiling = ladder.measured, ladder.ceiling
    return {
        **asdict(provenance),
        "input_set": measurement.input_set,
        "rung": rung.name,
        "kind": rung.kind,
        "predicted": rung.bits_per_dim,
        "predicted_se": rung.standard_error,
        "measured": measured.bits_per_dim,
        "measured_se": measured.standard_error,
        "bpd": measurement.bits_per_dim,
        "bpd_se": measurement.standard_error,
        "n_images": measurement.n_images,
        "route": rung.route,
        "nodes": rung.nodes,
        "error": rung.difference,
        "error_se": rung.difference_standard_error,
        "ratio": rung.ratio,
        "sign_agrees": rung.sign_agrees,
        "converged": rung.converged,
        "unexplained": rung.unexplained if rung.kind == "samples" else None,
        "unexplained_se": rung.difference_standard_error if rung.kind == "samples" else None,
        "half_sample": rung.half_sample,
        "ceiling": None if ceiling is None else ceiling.bits_per_dim,
        "ceiling_se": None if ceiling is None else ceiling.standard_error,
        "no_ceiling": ladder.no_ceiling or None,
        "remark": rank_remark(rung, ladder.n_q, ladder.n_p, ladder.dim),
    }


def explains(comparison: pd.DataFrame, relative: float = 0.10, absolute: float = 0.02) -> pd.Series:
    """Whether each row's prediction lies within `relative` of the measured gap, or within `absolute` bits/dim of it."""
    error = comparison["error"].abs()
    return (error <= relative * comparison["measured"].abs()) | (error <= absolute)
