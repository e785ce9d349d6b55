"""Claim: the covariance term makes images of less variance more likely (the argument for claims 8 and 9)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.inputs import is_constant, ungrayed
from analysis.claims_engine.measured import subject
from analysis.claims_engine.predicted import predictions
from analysis.claims_engine.region import BELOW_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The covariance term (`full`) of grayed and constant images."""
    rows = predictions(tables, "full")
    chosen = rows["input_set"].map(lambda name: is_constant(name) or ungrayed(name) is not None).astype(bool)
    return [
        Finding(subject(row), row["predicted"], row["predicted_se"], BELOW_ZERO) for _, row in rows[chosen].iterrows()
    ]


CLAIM = DataClaim(
    name="less-variance-predicted-likelier",
    order=160,
    statement="The covariance term 1/2 Tr{H (Sigma_q - Sigma_p)} makes grayed and constant images more likely",
    source=PAPER_AS_QUOTED,
    effect="predicted gap of the covariance term, bits/dim",
    reads=("ladder", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
