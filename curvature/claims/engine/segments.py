"""Cases of a line from x0 to x0 + d, and derivatives of log p along it (docs/theory.md, eqs. 19 and 20)."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.claims.engine.claim import Condition
from curvature.claims.engine.drawing.cases import AtPoint, cases_of, points
from curvature.claims.engine.drawing.small_numbers import Vector
from curvature.claims.engine.drawing.toy_flow import ToyFlow

GRID = 33
NODES = 3
"""Gauss nodes of the integral of phi'' between two points of the grid."""
UNEXPLAINED = 1e-6
"""Change of the slope phi' that is no integral of phi'', as a share of the slope, above which a line has a kink."""


@dataclass(frozen=True)
class WithDirection(AtPoint):
    """A model, a point, and a displacement d from it."""

    d: Vector

    def visited(self) -> Float[Tensor, " N *event"]:
        """Both ends of the line."""
        return torch.stack([self.point(), self.point() + self.displacement(self.d)])


with_direction = cases_of(WithDirection, lambda shape: [points(shape)] * 2)


def largest_derivative(case: WithDirection, order: int) -> float:
    """Largest ``|phi^(order)(s)|`` on a grid of [0, 1], phi(s) = log p(x0 + s d)."""
    return float(derivative_along(case, torch.linspace(0, 1, GRID, dtype=torch.float64), order).abs().max())


def derivative_along(case: WithDirection, s: Float[Tensor, " S"], order: int) -> Float[Tensor, " S"]:
    """``phi^(order)(s)``, phi(s) = log p(x0 + s d), by reverse mode so many times."""
    d = case.displacement(case.d)
    s = s.to(d).requires_grad_()
    derivative = case.model.log_prob(case.point() + s.reshape(-1, *[1] * d.ndim) * d)
    for _ in range(order):
        # Every point has its own s, so the gradient of the sum is each one's derivative.
        if not derivative.requires_grad:
            return torch.zeros_like(s)
        (derivative,) = torch.autograd.grad(derivative.sum(), s, create_graph=True, materialize_grads=True)
    return derivative.detach()


def has_smooth_slope(case: WithDirection) -> bool:
    """Whether the slope phi' of log p along the line changes by the integral of phi'' between points of a grid."""
    grid = torch.linspace(0, 1, GRID, dtype=torch.float64)
    nodes, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(NODES))
    within = (grid[:-1, None] + (1 + nodes) / (2 * (GRID - 1))).flatten()
    slope, curvature = derivative_along(case, grid, 1), derivative_along(case, within, 2)
    explained = curvature.reshape(GRID - 1, NODES) @ weights.to(curvature) / (2 * (GRID - 1))
    rest = (slope.diff() - explained).abs().sum()
    return bool(rest <= UNEXPLAINED * (slope.abs().max() + slope.diff().abs().sum()))


def is_smooth(case: WithDirection) -> bool:
    """Whether no coupling has a kink; of a density that is no toy flow, whether its slope along the line has none."""
    flow = case.model
    if not isinstance(flow, ToyFlow):
        return has_smooth_slope(case)
    steps = [step for level in flow.numbers.levels for step in level.steps]
    return all(step.coupling is None or step.coupling.activation != "relu" for step in steps)


SMOOTH_COUPLINGS = Condition("smooth couplings, no ReLU", meets=is_smooth)
