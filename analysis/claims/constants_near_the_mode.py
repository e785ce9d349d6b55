"""Claim: constant images are mapped close to the mode of a flow of constant volume."""

from analysis.claims_engine.ceilings import TABLES, shares_of_ceiling
from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.inputs import is_constant
from analysis.claims_engine.region import Region

CLOSE = Region(low=0.9)


def evaluate(tables: Tables) -> list[Finding]:
    """Which share of the ceiling the measured gap of every constant reaches."""
    return shares_of_ceiling(tables, "measured", CLOSE, is_constant, only_below_zero=False)


CLAIM = DataClaim(
    name="constants-near-the-mode",
    order=270,
    statement="The gap of constant images is more than 90 % of the ceiling of a flow of constant volume",
    source="docs/theory.md, eq. 87, and measurements of the reference models",
    effect="measured gap over the ceiling, 1 at the mode",
    reads=TABLES,
    command="likelihood-curvature compare --model RUN --inputs constant=0 constant=128",
    evaluate=evaluate,
)
