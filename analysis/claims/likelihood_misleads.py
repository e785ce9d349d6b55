"""Claim: log p is worse than chance at telling the paper's other sets from the training images."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.detectors import TABLES, WORSE_THAN_CHANCE, auroc_findings
from analysis.claims_engine.measured import EMBEDDING
from analysis.claims_engine.sources import PAPER


def evaluate(tables: Tables) -> list[Finding]:
    """The AUROC of log p under models of pixels, for the paper's pairs."""
    return auroc_findings(tables, lambda rows: rows["family"] != EMBEDDING, WORSE_THAN_CHANCE)


CLAIM = DataClaim(
    name="likelihood-misleads",
    order=220,
    statement="Under models of pixels log p is worse than chance at telling the other set from the training images",
    source=f"{PAPER}; worse than chance is a reading of 'cannot distinguish, assigning a higher likelihood'",
    effect="AUROC of log p, 0.5 by chance",
    reads=TABLES,
    command="likelihood-curvature families",
    evaluate=evaluate,
)
