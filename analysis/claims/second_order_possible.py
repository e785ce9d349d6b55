"""Claim: the second order predicts gaps that are possible under a flow of constant volume."""

from analysis.claims_engine.ceilings import TABLES, shares_of_ceiling
from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.region import Region

POSSIBLE = Region(high=1.0)


def evaluate(tables: Tables) -> list[Finding]:
    """Which share of the ceiling every prediction of `taylor2` below zero reaches."""
    return shares_of_ceiling(tables, "predicted", POSSIBLE)


CLAIM = DataClaim(
    name="second-order-possible",
    order=260,
    statement="The second order (taylor2) predicts no gap beyond the ceiling of a flow of constant volume",
    source="docs/theory.md, eq. 87",
    effect="predicted gap over the ceiling, 1 at the mode",
    reads=TABLES,
    command="likelihood-curvature compare --model RUN",
    evaluate=evaluate,
)
