"""Claim: under affine Glow the volume term makes most of the gap (claim 4 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.pair_gaps import of_paper_pairs
from analysis.claims_engine.region import Region
from analysis.claims_engine.sources import PAPER_AS_QUOTED
from analysis.resolution import Order, order_of

MOST = Region(low=0.5)


def evaluate(tables: Tables) -> list[Finding]:
    """The volume's share of every gap of the paper's pairs that is there to be shared under an affine Glow."""
    rows = of_paper_pairs(tables["families"])
    rows = rows[(rows["family"] == "glow") & rows["model"].str.contains("-affine-") & rows["volume_share"].notna()]
    return [
        Finding(
            f"{row['train_set']} -> {row['input_set']} ({row['preset']})",
            row["volume_share"],
            row["volume_share_se"],
            MOST,
        )
        for _, row in rows.iterrows()
        if order_of(row["measured"], row["measured_se"]) is Order.MORE_LIKELY
    ]


CLAIM = DataClaim(
    name="volume-carries-the-gap",
    order=40,
    statement="Under Glow with affine couplings the volume term makes most of the other set's advantage",
    source=PAPER_AS_QUOTED,
    effect="share of log|det df/dx| in the gap",
    reads=("families",),
    command="likelihood-curvature families",
    evaluate=evaluate,
)
