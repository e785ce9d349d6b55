"""Claim: the published closed form has the sign of the gap (claim 9 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.predicted import sign_findings
from analysis.claims_engine.sources import PAPER_AS_QUOTED

RUNG = "published"


def evaluate(tables: Tables) -> list[Finding]:
    """The prediction of every resolved gap, counted positive where it has the sign of the gap."""
    return sign_findings(tables, RUNG)


CLAIM = DataClaim(
    name="published-sign",
    order=110,
    statement="The published closed form, of channel variances and 1x1 kernels, has the sign of the measured gap",
    source=PAPER_AS_QUOTED,
    effect="predicted gap times the sign of the measured one, bits/dim",
    reads=("ladder", "comparison"),
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
