"""Claim: the paper's other sets are likelier than the training images (claim 1 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.measured import TABLES, measured_gaps
from analysis.claims_engine.pair_gaps import gap_findings, of_paper_pairs
from analysis.claims_engine.sources import PAPER


def evaluate(tables: Tables) -> list[Finding]:
    """The gap of every pair of which the paper reports that the other set is more likely."""
    return gap_findings(of_paper_pairs(measured_gaps(tables)))


CLAIM = DataClaim(
    name="other-set-likelier",
    order=10,
    statement="MNIST is likelier under models of Fashion-MNIST; SVHN under those of CIFAR-10, CelebA and ImageNet, and "
    "CIFAR-10 under those of ImageNet",
    source=f"{PAPER}; Tiny ImageNet stands in for ImageNet",
    effect="gap to the training images, bits/dim",
    reads=TABLES,
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
