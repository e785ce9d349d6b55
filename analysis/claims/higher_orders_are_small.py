"""Claim: the expansion at one point loses nothing that Gaussians with the data's moments have."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.split_parts import TABLES, small_part_findings


def evaluate(tables: Tables) -> list[Finding]:
    """The part `higher orders` of every gap."""
    return small_part_findings(tables, "higher orders")


CLAIM = DataClaim(
    name="higher-orders-are-small",
    order=152,
    statement="Higher orders of log p, as Gaussians with the data's moments see them, add less than 10 % of the gap, "
    "or 0.02 bits/dim",
    source="docs/theory.md, eq. 86",
    effect="this part of the gap, bits/dim",
    reads=TABLES,
    command="likelihood-curvature compare --model RUN --rungs taylor2 gaussian",
    evaluate=evaluate,
)
