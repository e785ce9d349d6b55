"""Claim: the Gauss-Newton part of the covariance term makes images of less variance more likely."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables
from analysis.claims_engine.inputs import is_constant, ungrayed
from analysis.claims_engine.region import ABOVE_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED

GAUSS_NEWTON = "Gauss-Newton"


def evaluate(tables: Tables) -> list[Finding]:
    """The Gauss-Newton part of grayed and constant images, in nats; it is computed without sampling."""
    rows = tables["attribution"]
    rows = rows[rows["part"] == GAUSS_NEWTON]
    return [
        Finding(f"{row['run_directory']} -> {row['input_set']}", row["nats"], 0.0, ABOVE_ZERO)
        for _, row in rows.iterrows()
        if is_constant(row["input_set"]) or ungrayed(row["input_set"]) is not None
    ]


CLAIM = DataClaim(
    name="gauss-newton-sign",
    order=170,
    statement="The Gauss-Newton part of the covariance term makes grayed and constant images more likely",
    source=f"docs/theory.md; the argument of {PAPER_AS_QUOTED}",
    effect="Gauss-Newton part of E_q log p - E_p log p, nats",
    reads=("attribution",),
    command="likelihood-curvature explain --model RUN",
    evaluate=evaluate,
)
