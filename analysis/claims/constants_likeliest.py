"""Claim: constant images have the highest likelihood of any input (claim 7 of the paper)."""

from math import hypot

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.inputs import is_constant
from analysis.claims_engine.measured import TABLES, measured_gaps, subject
from analysis.claims_engine.region import BELOW_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The BPD of each constant against the lowest one of a model's inputs that are no constants."""
    findings = []
    for _, rows in measured_gaps(tables).groupby(["label", "train_set"], sort=False):
        chosen = rows["input_set"].map(is_constant)
        constants, others = rows[chosen], rows[~chosen]
        if others.empty:
            continue
        best = others.sort_values("bpd").iloc[0]
        for _, row in constants.iterrows():
            name = f"{subject(row)} against {best['input_set']}"
            error = hypot(row["bpd_se"], best["bpd_se"])
            findings.append(Finding(name, row["bpd"] - best["bpd"], error, BELOW_ZERO))
    return findings


CLAIM = DataClaim(
    name="constants-likeliest",
    order=80,
    statement="Constant images have the highest likelihood of any input tried",
    source=PAPER_AS_QUOTED,
    effect="BPD less the lowest BPD of other inputs, bits/dim",
    reads=TABLES,
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
