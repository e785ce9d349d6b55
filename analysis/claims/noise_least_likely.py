"""Claim: random images have the lowest likelihood of any input (claim 7 of the paper)."""

from math import hypot

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.inputs import is_noise
from analysis.claims_engine.measured import measured_gaps, subject
from analysis.claims_engine.region import ABOVE_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The BPD of noise against the highest one of a model's other inputs."""
    findings = []
    for _, rows in measured_gaps(tables).groupby(["label", "train_set"], sort=False):
        chosen = rows["input_set"].map(is_noise)
        noises, others = rows[chosen], rows[~chosen]
        if others.empty:
            continue
        worst = others.sort_values("bpd").iloc[-1]
        for _, row in noises.iterrows():
            name = f"{subject(row)} against {worst['input_set']}"
            error = hypot(row["bpd_se"], worst["bpd_se"])
            findings.append(Finding(name, row["bpd"] - worst["bpd"], error, ABOVE_ZERO))
    return findings


CLAIM = DataClaim(
    name="noise-least-likely",
    order=90,
    statement="Random images have the lowest likelihood of any input tried",
    source=PAPER_AS_QUOTED,
    effect="BPD less the highest BPD of other inputs, bits/dim",
    reads=("gaps", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
