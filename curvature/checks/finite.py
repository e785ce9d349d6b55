"""Check: log p is finite on the data."""

from curvature.checks.engine.cases import Data, data
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation


def events_without_density(subject: Subject, case: Data) -> Evaluation:
    """Number of events whose log p is NaN or infinite, against none."""
    return Evaluation(float((~subject.log_probs(subject.x).isfinite()).sum()), "==", 0.0)


CHECK = Check(
    name="finite",
    order=10,
    statement="log p is a finite number for every event of the data",
    source="docs/theory.md, eq. 21: sets are compared by means of log p",
    cases=data,
    evaluate=events_without_density,
    sides=("events whose log p is NaN or infinite", "none"),
    examples=1,
)
