"""Claim: the effect is not one of flows alone (claim 3 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.measured import measured_gaps
from analysis.claims_engine.pair_gaps import gap_findings, of_paper_pairs
from analysis.claims_engine.sources import PAPER

FAMILIES = ("vae", "pixelcnn")


def evaluate(tables: Tables) -> list[Finding]:
    """The gaps of the paper's pairs under VAEs and PixelCNNs."""
    rows = measured_gaps(tables)
    return gap_findings(of_paper_pairs(rows[rows["family"].isin(FAMILIES)]))


CLAIM = DataClaim(
    name="beyond-flows",
    order=30,
    statement="VAEs and PixelCNNs, too, find the other set likelier",
    source=PAPER,
    effect="gap to the training images, bits/dim",
    reads=("families", "comparison"),
    command="likelihood-curvature families",
    evaluate=evaluate,
)
