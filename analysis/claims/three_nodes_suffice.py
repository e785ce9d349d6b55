"""Claim: curvature at three points of the way to each image has the size of the gap."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.predicted import size_findings

RUNG = "path-3"


def evaluate(tables: Tables) -> list[Finding]:
    """Predicted over measured, for every resolved gap."""
    return size_findings(tables, RUNG)


CLAIM = DataClaim(
    name="three-nodes-suffice",
    order=140,
    statement="Curvature at three points of the way to each image (path-3) gives the size of the gap within 10 %",
    source="docs/theory.md: the remainder of the expansion by three nodes",
    effect="predicted gap over measured gap",
    reads=("ladder", "families", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
