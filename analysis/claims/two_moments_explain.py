"""Claim: means and covariances have the size of the gap, with nothing truncated."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.predicted import size_findings

RUNG = "gaussian"


def evaluate(tables: Tables) -> list[Finding]:
    """Predicted over measured, for every resolved gap."""
    return size_findings(tables, RUNG)


CLAIM = DataClaim(
    name="two-moments-explain",
    order=150,
    statement="The model's own answer for Gaussians with the data's moments (gaussian) gives the size of the gap "
    "within 10 %",
    source="docs/theory.md: what means and covariances can say at most",
    effect="predicted gap over measured gap",
    reads=("comparison", "ladder"),
    command="likelihood-curvature compare --model RUN --rungs taylor2 gaussian",
    evaluate=evaluate,
)
