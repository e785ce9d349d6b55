"""Claim: the second order has the size of the gap, within a tenth."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.predicted import size_findings
from analysis.claims_engine.sources import PAPER

RUNG = "taylor2"


def evaluate(tables: Tables) -> list[Finding]:
    """Predicted over measured, for every resolved gap."""
    return size_findings(tables, RUNG)


CLAIM = DataClaim(
    name="second-order-size",
    order=130,
    statement="The second order at the mean (taylor2) gives the size of the gap within 10 %",
    source=f"{PAPER}, which says that the difference is explained; that this includes its size is a reading of it",
    effect="predicted gap over measured gap",
    reads=("ladder", "families", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
