"""Check: log p is the same under torch.no_grad as with a graph."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


def without_and_with_a_graph(subject: Subject, point: Point) -> Evaluation:
    """Log p under no_grad against log p with a graph."""
    x = subject.at(point)[None]
    with torch.enable_grad():
        expected = subject.log_prob(x.requires_grad_()).detach()
    found = subject.log_probs(x.detach())
    return Evaluation(float(found), "==", float(expected), round_off(subject, expected))


CHECK = Check(
    name="works-without-gradients",
    order=100,
    statement="log p is the same under torch.no_grad and with a graph",
    source="docs/theory.md, eq. 21: gaps are measured without a graph",
    cases=points,
    evaluate=without_and_with_a_graph,
    sides=("log p without a graph", "with one"),
    examples=6,
)
