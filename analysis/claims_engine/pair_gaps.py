"""Findings that are the measured gaps of the paper's pairs, under all models or some."""

import pandas as pd

from analysis.claims_engine.claim import Finding, prediction_of
from analysis.claims_engine.inputs import is_paper_pair
from analysis.claims_engine.measured import subject
from analysis.claims_engine.region import BELOW_ZERO, Region
from analysis.paper_pairs import Claim


def of_paper_pairs(rows: pd.DataFrame, claim: Claim = "more likely") -> pd.DataFrame:
    """The rows of pairs of which the paper reports this order; any table with training set and input set."""
    names = zip(rows["train_set"], rows["input_set"], strict=True)
    return rows[[is_paper_pair(str(train), str(shown), claim) for train, shown in names]]


def gap_findings(rows: pd.DataFrame, region: Region = BELOW_ZERO) -> list[Finding]:
    """One finding for each row of `measured_gaps`: its gap, and beside it what `taylor2` predicts."""
    return [
        Finding(subject(row), row["gap"], row["gap_se"], region, prediction_of(row["taylor2"]))
        for _, row in rows.iterrows()
    ]
