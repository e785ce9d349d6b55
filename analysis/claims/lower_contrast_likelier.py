"""Claim: shrinking the variance of images raises their likelihood (claim 8 of the paper)."""

from math import hypot, nan

from analysis.claims_engine.claim import DataClaim, Finding, Tables, prediction_of
from analysis.claims_engine.inputs import ungrayed
from analysis.claims_engine.measured import TABLES, measured_gaps, subject
from analysis.claims_engine.region import BELOW_ZERO
from analysis.claims_engine.sources import PAPER_AS_QUOTED


def evaluate(tables: Tables) -> list[Finding]:
    """The BPD of every grayed set against that of the same images before, with the errors of independent sets.

    Both are the same images, so that these errors are too large where the two rise together.
    """
    findings = []
    for _, rows in measured_gaps(tables).groupby(["label", "train_set"], sort=False):
        before = {row["input_set"]: row for _, row in rows.iterrows()}
        for _, row in rows.iterrows():
            own = before.get(ungrayed(row["input_set"]))
            if own is None:
                continue
            error = hypot(row["bpd_se"], own["bpd_se"])
            prediction = prediction_of(row["taylor2"] - own.get("taylor2", nan))
            findings.append(Finding(subject(row), row["bpd"] - own["bpd"], error, BELOW_ZERO, prediction))
    return findings


CLAIM = DataClaim(
    name="lower-contrast-likelier",
    order=100,
    statement="Graying, by contrast or by luminance, raises the likelihood of the same images",
    source=PAPER_AS_QUOTED,
    effect="BPD less that of the images before graying, bits/dim",
    reads=TABLES,
    command="likelihood-curvature gaps",
    evaluate=evaluate,
)
