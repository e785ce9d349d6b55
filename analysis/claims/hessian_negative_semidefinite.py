"""Claim: the Hessian of log p at the mean is negative semi-definite, which the sign argument needs."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.region import BELOW_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The highest eigenvalue at every snapshot where it is known, with its residual as the error."""
    rows = tables["hessians"]
    rows = rows[rows["highest_eigenvalue"].notna()].drop_duplicates(["run", "train_set", "step"])
    return [
        Finding(
            f"{row['train_set']} ({row['run']}, step {row['step']:.0f})",
            row["highest_eigenvalue"],
            row["highest_residual"],
            BELOW_ZERO,
        )
        for _, row in rows.iterrows()
    ]


CLAIM = DataClaim(
    name="hessian-negative-semidefinite",
    order=180,
    statement="The Hessian of log p at the training mean has no positive eigenvalue",
    source=f"needed by the sign argument of {PAPER_AS_QUOTED}",
    effect="highest eigenvalue, nats per squared unit of the input",
    reads=("hessians",),
    command="likelihood-curvature trajectory --model RUN --inputs svhn",
    evaluate=evaluate,
)
