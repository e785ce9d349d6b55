"""Claim: means and covariances are all that the gap depends on."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.split_parts import TABLES, small_part_findings


def evaluate(tables: Tables) -> list[Finding]:
    """The part `beyond two moments` of every gap."""
    return small_part_findings(tables, "beyond two moments")


CLAIM = DataClaim(
    name="nothing-beyond-two-moments",
    order=154,
    statement="What is not Gaussian about the data adds less than 10 % of the gap, or 0.02 bits/dim",
    source="docs/theory.md, eq. 86",
    effect="this part of the gap, bits/dim",
    reads=TABLES,
    command="likelihood-curvature compare --model RUN --rungs taylor2 gaussian",
    evaluate=evaluate,
)
