"""Check: the slope of log p along lines has no jumps; where it has, says what share of the change is theirs."""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.segments import Segment, simpson
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation

INTERVALS, FAST_INTERVALS = 256, 64
# Intervals looked into, and halvings of each: a smooth slope changes by nothing over 2e-9 of the line.
SUSPECTS, HALVINGS = 8, 21
# Least jump that counts, as a share of the largest slope.
RELATIVE = 1e-5


def largest_jump(subject: Subject, case: Points) -> Evaluation:
    """Largest jump of ``phi'`` on the segment between two points, in units of its largest size, against none.

    Intervals in which the slope at the middle is furthest from the mean of those at the ends are halved again and
    again, each time keeping the half over which the slope changes more.
    """
    segment = Segment.between(subject, case)
    slopes = segment.slopes(_grid(subject))
    size = float(slopes.abs().max())
    if size == 0:
        return Evaluation(0.0, "==", 0.0)
    return Evaluation(float(_jumps(segment, slopes).max()) / size, "==", 0.0, RELATIVE)


def share_of_kinks(subject: Subject, case: Points) -> str:
    """What of log p's change along the segment no curvature holds: ``sum_k (1 - t_k) J_k``, as a share."""
    segment, t = Segment.between(subject, case), _grid(subject)
    ends, slope = segment.values(t[[0, -1]]), float(segment.slopes(t[:1]))
    change = float(ends[1] - ends[0])
    by_curvature = slope + simpson((1 - t) * segment.curvature(t))[0]
    missing = change - by_curvature
    return (
        f"along this line log p changes by {change:.4g} nats, of which slope and curvature at all points explain "
        f"{by_curvature:.4g}: kinks hold {missing:.4g} ({abs(missing) / max(abs(change), 1e-12):.0%})"
    )


def _grid(subject: Subject) -> Float[Tensor, " n"]:
    return torch.linspace(0, 1, (FAST_INTERVALS if subject.fast else INTERVALS) + 1, dtype=subject.x.dtype)


def _jumps(segment: Segment, slopes: Float[Tensor, " n"]) -> Float[Tensor, " k"]:
    """Changes of the slope over the intervals that are left of the most suspicious ones."""
    t = torch.linspace(0, 1, len(slopes), dtype=segment.start.dtype)
    bends = segment.slopes((t[:-1] + t[1:]) / 2) - (slopes[:-1] + slopes[1:]) / 2
    worst = bends.abs().topk(min(SUSPECTS, len(bends))).indices.cpu()
    low, high = t[worst], t[worst + 1]
    at_low, at_high = slopes[worst], slopes[worst + 1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        at_middle = segment.slopes(middle)
        left = (at_middle - at_low).abs() > (at_high - at_middle).abs()
        low, high = torch.where(left.cpu(), low, middle), torch.where(left.cpu(), middle, high)
        at_low, at_high = torch.where(left, at_low, at_middle), torch.where(left, at_middle, at_high)
    return (at_high - at_low).abs()


CHECK = Check(
    name="smoothness",
    order=190,
    statement="log p has no kinks along lines, so that curvature can explain all of its change",
    source="docs/checks.md, kinks; docs/theory.md, eq. 20, which holds where log p is twice differentiable",
    cases=pairs,
    evaluate=largest_jump,
    sides=("largest jump of the slope along a line, as a share of the slope", "none"),
    remark=share_of_kinks,
)
