"""Claim: a RealNVP with cycle masks tells other sets apart better than one with checkerboards."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.detectors import TABLES, auroc_differences
from analysis.claims_engine.sources import KIRICHENKO


def evaluate(tables: Tables) -> list[Finding]:
    """The AUROC of log p under cycle masks less that under checkerboards, for the paper's pairs."""
    return auroc_differences(tables, better="realnvp-cycle-", worse="realnvp-checkerboard-")


CLAIM = DataClaim(
    name="cycle-mask-detects",
    order=190,
    statement="A flow whose masks hide neighbouring pixels (cycle) tells the other set apart better than one with "
    "checkerboards",
    source=KIRICHENKO,
    effect="AUROC of log p, cycle less checkerboard",
    reads=TABLES,
    command="likelihood-curvature families",
    evaluate=evaluate,
)
