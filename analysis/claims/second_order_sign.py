"""Claim: the second order has the sign of the gap (claim 9 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.predicted import sign_findings
from analysis.claims_engine.sources import PAPER

RUNG = "taylor2"


def evaluate(tables: Tables) -> list[Finding]:
    """The prediction of every resolved gap, counted positive where it has the sign of the gap."""
    return sign_findings(tables, RUNG)


CLAIM = DataClaim(
    name="second-order-sign",
    order=120,
    statement="Means, variances and curvature at the mean (taylor2) give the sign of the measured gap",
    source=f"{PAPER}; here with every term of docs/theory.md kept",
    effect="predicted gap times the sign of the measured one, bits/dim",
    reads=("ladder", "families", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
