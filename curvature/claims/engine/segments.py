"""Cases of a line from x0 to x0 + d, and derivatives of log p along it (docs/theory.md, eqs. 19 and 20)."""

from dataclasses import dataclass

import torch

from curvature.claims.engine.claim import Condition
from curvature.claims.engine.drawing.cases import AtPoint, cases_of, points
from curvature.claims.engine.drawing.small_numbers import Vector
from curvature.claims.engine.drawing.toy_flow import ToyFlow

GRID = 33


@dataclass(frozen=True)
class WithDirection(AtPoint):
    """A model, a point, and a displacement d from it."""

    d: Vector


with_direction = cases_of(WithDirection, lambda shape: [points(shape)] * 2)


def largest_derivative(case: WithDirection, order: int) -> float:
    """Largest ``|phi^(order)(s)|`` on a grid of [0, 1], phi(s) = log p(x0 + s d), by reverse mode so many times."""
    s = torch.linspace(0, 1, GRID, dtype=torch.float64).requires_grad_()
    d = case.event(case.d)
    derivative = case.model.log_prob(case.point() + s.reshape(-1, *[1] * d.ndim) * d)
    for _ in range(order):
        # Every point has its own s, so the gradient of the sum is each one's derivative.
        if not derivative.requires_grad:
            return 0.0
        (derivative,) = torch.autograd.grad(derivative.sum(), s, create_graph=True, materialize_grads=True)
    return float(derivative.detach().abs().max())


def is_smooth(case: WithDirection) -> bool:
    """Whether no coupling has a kink; a density that is no toy flow is taken to be smooth."""
    flow = case.model
    if not isinstance(flow, ToyFlow):
        return True
    steps = [step for level in flow.numbers.levels for step in level.steps]
    return all(step.coupling is None or step.coupling.activation != "relu" for step in steps)


SMOOTH_COUPLINGS = Condition("smooth couplings, no ReLU", meets=is_smooth)
