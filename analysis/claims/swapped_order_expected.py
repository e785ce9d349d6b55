"""Claim: with training set and other set exchanged, the order is the expected one (claim 2 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.measured import TABLES, measured_gaps
from analysis.claims_engine.pair_gaps import gap_findings, of_paper_pairs
from analysis.claims_engine.region import ABOVE_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The gap of every pair of which the paper reports that the other set is less likely."""
    return gap_findings(of_paper_pairs(measured_gaps(tables), "less likely"), ABOVE_ZERO)


CLAIM = DataClaim(
    name="swapped-order-expected",
    order=20,
    statement="The effect is asymmetric: under models of SVHN or MNIST the other set is less likely",
    source=PAPER_AS_QUOTED,
    effect="gap to the training images, bits/dim",
    reads=TABLES,
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
