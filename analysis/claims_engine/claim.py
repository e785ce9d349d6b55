"""What a claim about data is: a statement, its source, the tables that answer it, and how they are judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan

import pandas as pd

from analysis.claims_engine.region import Region, interval
from curvature.verdict import Verdict

Tables = Mapping[str, pd.DataFrame]
"""The tables that are there, by the names of `analysis.claims_engine.table_kinds.TABLE_KINDS`."""


@dataclass(frozen=True)
class Finding:
    """What the tables say of one model and input set, or of one pair.

    Attributes
    ----------
    subject
        Training set, input set and model.
    effect
        The number that the claim is about.
    standard_error
        Its standard error; 0 for a number that was computed without sampling.
    region
        Where the claim says that it lies.
    prediction
        What the second order says of the same number; None where there is no prediction.
    """

    subject: str
    effect: float
    standard_error: float
    region: Region
    prediction: float | None = None

    @property
    def low(self) -> float:
        """Lower end of the confidence interval of 95 %."""
        return interval(self.effect, self.standard_error)[0]

    @property
    def high(self) -> float:
        """Upper end of the confidence interval of 95 %."""
        return interval(self.effect, self.standard_error)[1]

    @property
    def verdict(self) -> Verdict:
        """``holds``, ``refuted`` or ``not resolved``."""
        return self.region.judge(self.effect, self.standard_error)


@dataclass(frozen=True, kw_only=True)
class DataClaim:
    """One statement about models and data that measured tables decide.

    Attributes
    ----------
    name
        For the command line: the name of the claim's file, with hyphens.
    order
        Its place in the tables; lower numbers come first.
    statement
        The claim in a sentence.
    source
        Who says so, and where the source could not be read in full, that.
    effect
        What the number of a finding is, with its unit.
    reads
        Names of the tables that can answer it; one of them is enough.
    command
        The command that makes one of them.
    evaluate
        The findings in the tables that are there; none if they have no row that the claim is about.
    """

    name: str
    order: int
    statement: str
    source: str
    effect: str
    reads: tuple[str, ...]
    command: str
    evaluate: Callable[[Tables], list[Finding]]


def prediction_of(value: float) -> float | None:
    """A prediction from a table, where NaN stands for none."""
    return None if isnan(value) else float(value)
