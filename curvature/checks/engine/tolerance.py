"""What rounding in float64 may do to log p."""

from torch import Tensor

from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import ROUND_OFF


def round_off(subject: Subject, *values: Tensor) -> float:
    """Round-off of sums of D terms as large as these, in nats."""
    return ROUND_OFF * (subject.dim + sum(float(value.detach().abs().max()) for value in values))
