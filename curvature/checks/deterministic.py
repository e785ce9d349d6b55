"""Check: log p of one event is one number, without noise drawn inside the model."""

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


def two_calls(subject: Subject, point: Point) -> Evaluation:
    """Log p of one event by two calls."""
    x = subject.at(point)[None]
    first, second = subject.log_probs(x), subject.log_probs(x)
    return Evaluation(float(second), "==", float(first), round_off(subject, first))


CHECK = Check(
    name="deterministic",
    order=30,
    statement="Two calls with one event give one log p",
    source="docs/theory.md, eq. 4: log p is a function of x",
    cases=points,
    evaluate=two_calls,
    sides=("log p by a second call", "by the first"),
)
