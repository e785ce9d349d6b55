"""Claim: the spread among an ensemble's members tells other sets apart where the likelihood does not."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.pair_gaps import of_paper_pairs
from analysis.claims_engine.region import ABOVE_ZERO


def evaluate(tables: Tables) -> list[Finding]:
    """The gap of WAIC for the paper's pairs; the gap of log p is no prediction of it."""
    names = {"families": ("preset", "waic_gap"), "waic": ("run", "gap")}
    return [
        Finding(f"{row['train_set']} -> {row['input_set']} ({row[label]})", row[gap], row[f"{gap}_se"], ABOVE_ZERO)
        for table, (label, gap) in names.items()
        if table in tables
        for _, row in of_paper_pairs(tables[table][tables[table][gap].notna()]).iterrows()
    ]


CLAIM = DataClaim(
    name="waic-tells-apart",
    order=240,
    statement="By WAIC, the members' mean log p less their variance, the other set is less likely",
    source="Choi, Jang and Alemi 2018, arXiv 1810.01392; stated from the abstract",
    effect="gap of WAIC to the training images, bits/dim",
    reads=("families", "waic"),
    command="likelihood-curvature families",
    evaluate=evaluate,
)
