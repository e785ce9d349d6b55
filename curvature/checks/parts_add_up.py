"""Check: the parts that the model names add up to log p (docs/theory.md, eq. 8a)."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.log_prob_parts import SplitsLogProb
from curvature.not_applicable import NotApplicableError
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def sum_of_parts(subject: Subject, point: Point) -> Evaluation:
    """Log p against the sum of its parts."""
    if not isinstance(subject.model, SplitsLogProb):
        raise NotApplicableError("the model has no log_prob_parts(x) -> {name: [B]}")
    x = subject.at(point)[None]
    parts = list(subject.model.log_prob_parts(x.clone()).values())
    if not parts:
        raise NotApplicableError("log_prob_parts names no parts")
    log_p = subject.log_probs(x)
    return Evaluation(float(log_p), "==", float(sum(parts)), round_off(subject, log_p, *parts))


CHECK = Check(
    name="parts-add-up",
    order=165,
    statement="The parts of log p add up to it",
    source="docs/theory.md, eq. 8a",
    cases=points,
    evaluate=sum_of_parts,
    sides=("log p", "sum of log_prob_parts"),
)
