"""Check: the log-determinant is constant where the model promises it (docs/theory.md, eq. 5)."""

import torch

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def at_two_points(subject: Subject, case: Points) -> Evaluation:
    """The log-determinant at two points."""
    subject.require_constant_volume()
    _, log_det = subject.forward(torch.stack([subject.at(case.first), subject.at(case.second)]))
    return Evaluation(float(log_det[1]), "==", float(log_det[0]), round_off(subject, log_det))


CHECK = Check(
    name="constant-log-determinant",
    order=140,
    statement="The log-determinant is the same for every x, where the model promises so (is_constant_log_det)",
    source="docs/theory.md, eq. 5",
    cases=pairs,
    evaluate=at_two_points,
    sides=("log|det df/dx| at the second point", "at the first"),
)
