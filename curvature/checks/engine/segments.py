"""log p along the segment between two points: values, slopes and curvature (docs/theory.md, eq. 20)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.checks.engine.cases import Points
from curvature.checks.engine.derivatives import gradients
from curvature.checks.engine.subject import BLOCK, Subject
from curvature.hessian.derivatives import directional_curvature


@dataclass(frozen=True, eq=False)
class Segment:
    """``phi(t) = log p(start + t d)`` for t in [0, 1]."""

    subject: Subject
    start: Float[Tensor, "*event"]
    d: Float[Tensor, "*event"]

    @classmethod
    def between(cls, subject: Subject, case: Points) -> "Segment":
        """From the first point to the second."""
        start, end = subject.at(case.first), subject.at(case.second)
        return cls(subject, start, end - start)

    def values(self, t: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Phi."""
        return self.subject.log_probs(self._events(t))

    def slopes(self, t: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Phi' by reverse mode."""
        blocks = [gradients(self.subject.log_prob, part) for part in self._events(t).split(BLOCK)]
        return (torch.cat(blocks) * self.d).flatten(1).sum(1)

    def curvature(self, t: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Phi'' by forward-over-reverse differentiation."""
        blocks = self._events(t).split(BLOCK)
        forms = [directional_curvature(self.subject.log_prob, x, self.d.expand_as(x).clone()) for x in blocks]
        return torch.cat(forms)

    def _events(self, t: Float[Tensor, " n"]) -> Float[Tensor, " n *event"]:
        return self.start + t.to(self.start).reshape(-1, *[1] * self.start.ndim) * self.d


def simpson(values: Float[Tensor, " n"]) -> tuple[float, float]:
    """Integral over [0, 1] by Simpson's rule, and how far it may be off.

    The error sums, over panels of four intervals, the size of the difference from the rule of two: where the integrand
    jumps, errors of different panels must not cancel. The number of intervals must be divisible by four.
    """
    a, b, c, d, e = (values[start : len(values) - 4 + start : 4] for start in range(5))
    interval = 1 / (len(values) - 1)
    fine = (a + 4 * b + 2 * c + 4 * d + e) * interval / 3
    coarse = (a + 4 * c + e) * 2 * interval / 3
    return float(fine.sum()), float((fine - coarse).abs().sum())
