"""Check: a Gaussian model's own samples have the covariance S with Tr{H S} = -D (docs/theory.md, eq. 22)."""

import math

from curvature.checks.engine.cases import Draw, Point, draws
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import gradients
from curvature.checks.engine.quadratic import precision_of_gaussian
from curvature.checks.engine.standard_errors import STANDARD_ERRORS
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import ROUND_OFF, Evaluation


def trace_on_samples(subject: Subject, case: Draw) -> Evaluation:
    """Mean of ``(x - m)'H(x - m)`` over samples, with the Gaussian's mean m, against -D."""
    P = precision_of_gaussian(subject)
    x = subject.samples(case.seed).flatten(1)
    x0 = subject.at(Point())
    g = gradients(subject.log_prob, x0[None]).flatten()
    m = x0.flatten() + g @ P.inverse()
    mean = -float((((x - m) @ P) * (x - m)).sum(1).mean())
    error = math.sqrt(2 * subject.dim / len(x))  # of a mean of chi-squared numbers
    return Evaluation(mean, "==", -float(subject.dim), STANDARD_ERRORS * error + ROUND_OFF)


CHECK = Check(
    name="gaussian-covariance",
    order=240,
    statement="On a Gaussian model's own samples Tr{H S} is -D",
    source="docs/theory.md, eq. 22",
    cases=draws,
    evaluate=trace_on_samples,
    sides=("mean of (x - m)'H(x - m)", "-D"),
    examples=2,
)
