"""The measured gap in three parts that add up to it: what truncation, and what two moments, leave out (eq. 86)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader

from curvature.errors import OptionError
from curvature.ladder.evaluation import RungValues
from curvature.ladder.prediction import gap
from curvature.ladder.set_value import set_gap
from curvature.units import gap_bits_per_dim

if TYPE_CHECKING:
    import pandas as pd

# Imported at first use: only `to_dataframe` needs it.
pandas = lazy_loader.load("pandas")

SECOND_ORDER, GAUSSIAN = "taylor2", "gaussian"


@dataclass(frozen=True)
class GapPart:
    """A part of a gap, or the whole gap.

    Attributes
    ----------
    name
        What it is.
    bits_per_dim
        Its size in bits per dimension; negative = makes q more likely.
    standard_error
        In bits per dimension, paired: what is subtracted is taken on the same samples.
    """

    name: str
    bits_per_dim: float
    standard_error: float

    def __str__(self) -> str:
        return f"{self.name}: {self.bits_per_dim:+.4f} +- {self.standard_error:.4f} bits/dim"


@dataclass(frozen=True)
class GapSplit:
    """``measured = second_order + higher_orders + beyond_moments``.

    Attributes
    ----------
    second_order
        The rung `taylor2`: second order at x0.
    higher_orders
        `gaussian` minus `taylor2`: higher orders of log p, as Gaussians with the data's moments see them.
    beyond_moments
        `measured` minus `gaussian`: what means and covariances cannot say about the data.
    measured
        The measured gap, the sum of the three.
    """

    second_order: GapPart
    higher_orders: GapPart
    beyond_moments: GapPart
    measured: GapPart

    @property
    def parts(self) -> tuple[GapPart, GapPart, GapPart]:
        """The three parts in order."""
        return self.second_order, self.higher_orders, self.beyond_moments

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row for each part and one for the whole: ``gap`` and ``gap_se`` in bits per dimension."""
        rows = [(each.name, each.bits_per_dim, each.standard_error) for each in (*self.parts, self.measured)]
        frame: pd.DataFrame = pandas.DataFrame(rows, columns=["part", "gap", "gap_se"]).set_index("part")
        return frame

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.parts, self.measured)))


def can_split(values: RungValues) -> bool:
    """Whether the rungs that the split needs were evaluated."""
    return SECOND_ORDER in values.values and GAUSSIAN in values.of_set


def split_gap(q: RungValues, p: RungValues) -> GapSplit:
    """Split the measured gap of q against p.

    Parameters
    ----------
    q, p
        Evaluated with the same prepared rungs, `taylor2` and `gaussian` among them, of the whole log p or of one of the
        parts that it is a sum of.

    Raises
    ------
    OptionError
        If one of the two rungs is missing.
    """
    for values in (q, p):
        if not can_split(values):
            raise OptionError(f"split: needs the rungs {SECOND_ORDER} and {GAUSSIAN}; got {values!r}")
    bits = 1 / (q.dim * math.log(2))
    taylor2 = [values.values[SECOND_ORDER] for values in (q, p)]
    of_gaussian = [values.of_set[GAUSSIAN] for values in (q, p)]
    second, second_error = gap(*taylor2)
    higher = set_gap(*(g.less(t) for g, t in zip(of_gaussian, taylor2, strict=True)))
    beyond = set_gap(*(g.less(v.measured) for g, v in zip(of_gaussian, (q, p), strict=True)))
    measured, measured_error = gap(q.measured, p.measured)
    return GapSplit(
        GapPart("second order", gap_bits_per_dim(second, q.dim), second_error * bits),
        GapPart("higher orders", gap_bits_per_dim(higher.nats, q.dim), higher.error * bits),
        GapPart("beyond two moments", -gap_bits_per_dim(beyond.nats, q.dim), beyond.error * bits),
        GapPart("measured", gap_bits_per_dim(measured, q.dim), measured_error * bits),
    )
