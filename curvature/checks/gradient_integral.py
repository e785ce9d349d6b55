"""Check: log p is the integral of its gradient along lines, kinks or no kinks."""

import torch

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.segments import Segment, simpson
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation

INTERVALS, FAST_INTERVALS = 256, 64
RELATIVE = 1e-4


def change_and_integral(subject: Subject, case: Points) -> Evaluation:
    """``phi(1) - phi(0)`` for ``phi(t) = log p(x + t (y - x))``, against the integral of ``phi'``."""
    segment = Segment.between(subject, case)
    t = torch.linspace(0, 1, (FAST_INTERVALS if subject.fast else INTERVALS) + 1, dtype=subject.x.dtype)
    slopes = segment.slopes(t)
    ends = segment.values(t[[0, -1]])
    integral, error = simpson(slopes)
    tolerance = 10 * error + RELATIVE * float(slopes.abs().mean()) + round_off(subject, ends)
    return Evaluation(float(ends[1] - ends[0]), "==", integral, tolerance)


CHECK = Check(
    name="gradient-integral",
    order=180,
    statement="Along a line log p changes by the integral of its slope: no jumps, no gradients that are not log p's "
    "(rounding, straight-through estimators, detached parts)",
    source="the fundamental theorem of calculus; docs/checks.md, kinks",
    cases=pairs,
    evaluate=change_and_integral,
    sides=("change of log p along a line", "integral of its slope"),
)
