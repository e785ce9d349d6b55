"""Claim: the other set is likelier at every moment of training (claim 6 of the paper)."""

from analysis.claims_engine.claim import DataClaim, Finding, Tables, prediction_of
from analysis.claims_engine.pair_gaps import of_paper_pairs
from analysis.claims_engine.region import BELOW_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED
from analysis.resolution import STANDARD_ERRORS


def evaluate(tables: Tables) -> list[Finding]:
    """The gap of every pair at the snapshot where the other set is least likely."""
    rows = tables["trajectory"]
    rows = of_paper_pairs(rows[rows["rung"] == "taylor2"])
    findings = []
    for (run, train, shown), each in rows.groupby(["run", "train_set", "input_set"], sort=False):
        upper = each["measured"] + STANDARD_ERRORS * each["measured_se"]
        worst = each.iloc[int(upper.to_numpy().argmax())]
        name = f"{train} -> {shown} ({run}, step {worst['step']:.0f} of {len(each)} snapshots)"
        prediction = prediction_of(worst["predicted"])
        findings.append(Finding(name, worst["measured"], worst["measured_se"], BELOW_ZERO, prediction))
    return findings


CLAIM = DataClaim(
    name="whole-of-training",
    order=60,
    statement="The other set is likelier at every moment of training, not only at the end",
    source=PAPER_AS_QUOTED,
    effect="largest gap of all snapshots, bits/dim",
    reads=("trajectory",),
    command="likelihood-curvature trajectory --model RUN --inputs svhn",
    evaluate=evaluate,
)
