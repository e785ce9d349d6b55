"""Claim: an ensemble does not remove the effect (claim 6 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.measured import measured_gaps
from analysis.claims_engine.pair_gaps import gap_findings, of_paper_pairs
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The gaps of the paper's pairs under the mixture of an ensemble's members."""
    rows = measured_gaps(tables)
    return gap_findings(of_paper_pairs(rows[rows["family"] == "ensemble"]))


CLAIM = DataClaim(
    name="ensembles-keep-the-order",
    order=70,
    statement="Under the likelihood of an ensemble of flows the other set is still likelier",
    source=PAPER_AS_QUOTED,
    effect="gap to the training images, bits/dim",
    reads=("families", "comparison"),
    command="likelihood-curvature families",
    evaluate=evaluate,
)
