"""Claim: flows on embeddings of images tell other sets apart."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.detectors import CHANCE, TABLES, auroc_findings
from analysis.claims_engine.measured import EMBEDDING
from analysis.claims_engine.sources import KIRICHENKO


def evaluate(tables: Tables) -> list[Finding]:
    """The AUROC of log p under flows on embeddings, for the paper's pairs."""
    return auroc_findings(tables, lambda rows: rows["family"] == EMBEDDING, CHANCE)


CLAIM = DataClaim(
    name="embeddings-detect",
    order=210,
    statement="A flow on image embeddings finds the training images likelier than the other set",
    source=KIRICHENKO,
    effect="AUROC of log p, 0.5 by chance",
    reads=TABLES,
    command="likelihood-curvature families",
    evaluate=evaluate,
)
