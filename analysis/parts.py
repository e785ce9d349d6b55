"""The gap part by part: what each part of log p, such as a flow's volume term, adds to it (docs/theory.md, eq. 8a)."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.comparison import Provenance
from curvature.ladder.prediction import RungPrediction, gap

COLUMNS = (
    "run",
    "model",
    "family",
    "train_set",
    "input_set",
    "part",
    "is_constant",
    "measured",
    "measured_se",
    "share_of_gap",
    "share_of_gap_se",
    "taylor2",
    "taylor2_se",
    "error",
    "error_se",
    "n_images",
    "route",
    "seed",
)


@dataclass(frozen=True, eq=False)
class PartValues:
    """One part of log p on each image of a set, in nats; only differences between two sets' means are used.

    Attributes
    ----------
    measured
        The part itself.
    taylor2
        Its second-order expansion, the rung `taylor2`.
    route
        How the expansion was computed.
    is_constant
        Whether the part is the same for all images.
    """

    measured: Float[Tensor, " N"]
    taylor2: Float[Tensor, " N"]
    route: str
    is_constant: bool


def compare_parts(
    q: Mapping[str, PartValues], p: Mapping[str, PartValues], input_set: str, dim: int, provenance: Provenance
) -> pd.DataFrame:
    """Make the rows of one input set, one for each part.

    Parameters
    ----------
    q, p
        Every part on the images of the input set, and on the training images.
    input_set
        Its name.
    dim
        Number D of dimensions.
    provenance
        What the rows name as their source.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. `measured` is the part's share of the gap in bits per dimension, negative = it makes the set
        more likely than the training images, and `taylor2` what the second order predicts of it; each adds up over the
        parts to that of log p. `error` is predicted minus measured with its paired standard error. `share_of_gap` is
        the part's measured gap over that of log p, with a standard error by linearisation of the ratio on the same
        images; both are empty where log p has no gap. No rows for a model without parts.
    """
    if not q:
        return no_parts()
    whole = _sum_of_parts(q), _sum_of_parts(p)
    rows = [_row(name, q[name], p[name], whole, dim) for name in q]
    source = {**asdict(provenance), "input_set": input_set}
    return pd.DataFrame([{**source, **row} for row in rows], columns=COLUMNS)


def no_parts() -> pd.DataFrame:
    """The table of a model that does not split log p."""
    return pd.DataFrame(columns=COLUMNS)


def varying_parts(parts: pd.DataFrame) -> list[str]:
    """Names of the parts that are not the same for all images."""
    return list(dict.fromkeys(parts.loc[~parts["is_constant"].astype(bool), "part"]))


def _sum_of_parts(parts: Mapping[str, PartValues]) -> Float[Tensor, " N"]:
    return torch.stack([part.measured for part in parts.values()]).sum(0)


def _row(name: str, q: PartValues, p: PartValues, whole: tuple[Tensor, Tensor], dim: int) -> dict[str, object]:
    predicted = RungPrediction.of(
        "taylor2", "moments", q.taylor2, p.taylor2, q.measured, p.measured, dim=dim, route=q.route
    )
    own, own_error = gap(q.measured, p.measured)
    total, _ = gap(*whole)
    share, share_error = math.nan, math.nan
    if total:
        share = own / total
        share_error = gap(q.measured - share * whole[0], p.measured - share * whole[1])[1] / abs(total)
    bits = 1 / (dim * math.log(2))
    return {
        "part": name,
        "is_constant": q.is_constant,
        "measured": -own * bits + 0.0,  # a part without a gap has no negative zero
        "measured_se": own_error * bits,
        "share_of_gap": share,
        "share_of_gap_se": share_error,
        "taylor2": predicted.bits_per_dim + 0.0,
        "taylor2_se": predicted.standard_error,
        "error": predicted.difference + 0.0,
        "error_se": predicted.difference_standard_error,
        "n_images": len(q.measured),
        "route": q.route,
    }
