"""Claim: sets of other images lie outside the typical set, whichever sign their gap has."""

from math import hypot

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.inputs import other_set
from analysis.claims_engine.measured import TABLES, measured_gaps, subject
from analysis.claims_engine.region import ABOVE_ZERO


def evaluate(tables: Tables) -> list[Finding]:
    """The distance of every other set from the training images in BPD, less that of the model's own test images."""
    findings = []
    for (_, train_set), rows in measured_gaps(tables).groupby(["label", "train_set"], sort=False):
        own = rows[rows["input_set"] == f"{train_set}/test"]
        if own.empty:
            continue
        test = own.iloc[0]
        for _, row in rows.iterrows():
            if other_set(str(train_set), row["input_set"]) is not None:
                error = hypot(row["gap_se"], test["gap_se"])
                findings.append(Finding(subject(row), abs(row["gap"]) - abs(test["gap"]), error, ABOVE_ZERO))
    return findings


CLAIM = DataClaim(
    name="typicality-separates",
    order=230,
    statement="Every other set is farther from the training images' mean log p than the model's own test images",
    source="Nalisnick et al. 2019b, arXiv 1906.02994, for sets of images; stated from the abstract",
    effect="|gap| less |gap of the own test images|, bits/dim",
    reads=TABLES,
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
