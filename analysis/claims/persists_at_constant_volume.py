"""Claim: the effect persists under flows of constant volume (claim 5 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.measured import TABLES, measured_gaps
from analysis.claims_engine.pair_gaps import gap_findings, of_paper_pairs
from analysis.claims_engine.sources import PAPER


def evaluate(tables: Tables) -> list[Finding]:
    """The gaps of the paper's pairs under flows whose log-determinant does not depend on x."""
    rows = measured_gaps(tables)
    return gap_findings(of_paper_pairs(rows[rows["constant_volume"].astype(bool)]))


CLAIM = DataClaim(
    name="persists-at-constant-volume",
    order=50,
    statement="The other set is likelier under flows of constant volume, too",
    source=PAPER,
    effect="gap to the training images, bits/dim",
    reads=TABLES,
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
