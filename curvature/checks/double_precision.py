"""Check: the float64 copy computes in float64 throughout."""

from curvature.checks.engine.cases import Line, lines, spread
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import EPS, gradients
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation

# Far below what float32 can tell apart, far above what float64 can.
STEP = 1e-9


def response_to_a_tiny_step(subject: Subject, case: Line) -> Evaluation:
    """Change of log p over a step that float32 cannot see, against gradient times step."""
    x0 = subject.at(case.point)
    step = STEP * spread(subject.x) * case.direction.vector(x0)
    before, after = subject.log_probs(x0[None]), subject.log_probs((x0 + step)[None])
    g = gradients(subject.log_prob, x0[None])[0]
    rounding = 64 * EPS * (subject.dim + float(before.abs()) + float((g * x0).abs().sum()))
    tolerance = 0.01 * float(g.norm() * step.norm()) + rounding
    return Evaluation(float(after - before), "==", float((g * step).sum()), tolerance)


CHECK = Check(
    name="double-precision",
    order=60,
    statement="The float64 copy computes in float64 throughout: log p follows steps that float32 cannot see",
    source="docs/theory.md, section 11: second derivatives need the digits",
    cases=lines,
    evaluate=response_to_a_tiny_step,
    sides=("change of log p over a step of 1e-9", "gradient times step"),
)
