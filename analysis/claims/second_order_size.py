"""Claim: the second order has the size of the gap, within a tenth."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.predicted import size_findings

RUNG = "taylor2"


def evaluate(tables: Tables) -> list[Finding]:
    """Predicted over measured, for every resolved gap."""
    return size_findings(tables, RUNG)


CLAIM = DataClaim(
    name="second-order-size",
    order=130,
    statement="The second order at the mean (taylor2) gives the size of the gap within 10 %",
    source="a reading of Nalisnick et al. 2019, arXiv 1810.09136, section 5, which states the sign alone",
    effect="predicted gap over measured gap",
    reads=("ladder", "families", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
