"""Check: the model in float32 and its copy in float64 agree as far as float32 reaches."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.not_applicable import NotApplicableError
from curvature.precision import LogDensity
from curvature.property_testing.evaluation import Evaluation

# Of sums of D terms that float32 rounds to 6e-8, with some digits lost on the way.
RELATIVE = 1e-4


def single_and_double(subject: Subject, point: Point) -> Evaluation:
    """Log p in float32 against log p in float64."""
    if subject.density.module is None:
        raise NotApplicableError("log_prob is a plain function, which has one precision")
    x = subject.at(point)[None].to(torch.float32)
    double = subject.log_probs(x.to(torch.float64))
    with torch.no_grad():
        single = LogDensity.of(subject.flow, torch.float32)(x)
    return Evaluation(float(single), "==", float(double), RELATIVE * (subject.dim + float(double.abs())))


CHECK = Check(
    name="float32-agrees",
    order=50,
    statement="The model in float32 and its copy in float64 agree as far as float32 reaches",
    source="docs/theory.md, section 11: models are trained in float32 and differentiated twice in float64",
    cases=points,
    evaluate=single_and_double,
    sides=("log p in float32", "in float64"),
    examples=6,
)
