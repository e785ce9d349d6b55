"""Check: a deep copy of the model is the same model."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def copy_and_model(subject: Subject, point: Point) -> Evaluation:
    """Log p by a deep copy against log p by the model, to the last bit."""
    x = subject.at(point)[None]
    return Evaluation(float(subject.log_prob_of(subject.copied(), x)), "==", float(subject.log_probs(x)))


CHECK = Check(
    name="deepcopy-round-trip",
    order=70,
    statement="A deep copy of the model has the same log p, to the last bit",
    source="docs/theory.md, section 11: what is differentiated is a copy",
    cases=points,
    evaluate=copy_and_model,
    sides=("log p by a deep copy", "by the model"),
    examples=6,
)
