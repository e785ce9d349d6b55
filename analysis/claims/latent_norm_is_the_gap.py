"""Claim: under a flow of constant volume the gap is one of latent norms, so that no input passes the ceiling."""

from analysis.claims_engine.ceilings import TABLES, shares_of_ceiling
from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.region import Region

POSSIBLE = Region(high=1.0)


def evaluate(tables: Tables) -> list[Finding]:
    """Which share of the ceiling every measured gap below zero reaches."""
    return shares_of_ceiling(tables, "measured", POSSIBLE)


CLAIM = DataClaim(
    name="latent-norm-is-the-gap",
    order=250,
    statement="Under a flow of constant volume no input is likelier than the mode: |z|^2 is all that can shrink",
    source="docs/theory.md, eq. 87",
    effect="measured gap over the ceiling, 1 at the mode",
    reads=TABLES,
    command="likelihood-curvature compare --model RUN",
    evaluate=evaluate,
)
