"""Curvature and slope along lines, at another x for every sample: one jet a sample (docs/theory.md, eq. 63)."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.layered.elementwise import derivatives
from curvature.hessian.layered.flow import LayeredFlow, dot
from curvature.hessian.layered.layers import Activation, LinearLayer

ROWS_PER_SAMPLE = 3


@torch.no_grad()
def curvature_along_lines(
    flow: LayeredFlow, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]
) -> Float[Tensor, " B"]:
    """Return ``d' H(x) d`` for every row of x and d, in nats.

    Value, first and second derivative of ``t -> f(x + t d)`` pass the layers together, as 3 B rows.
    """
    B = len(x)
    rows = torch.cat([x, d, torch.zeros_like(x)])

    def activate(activation: Activation, rows: Tensor) -> Tensor:
        h, h1, h2 = rows.split(B)
        s, s1, s2 = derivatives(activation.module, h)
        # (s(h))'' = s'(h) h'' + s''(h) h'^2,  (s(h))' = s'(h) h'
        h2.mul_(s1).add_(s2.mul_(h1).mul_(h1))
        h1.mul_(s1)
        h.copy_(s)
        return rows

    z, z1, z2 = zip(*(part.split(B) for part in flow.forward(rows, partial(_affine, B), activate)), strict=True)
    return -flow.precision * (dot(list(z1), list(z1)) + dot(list(z), list(z2)))


@torch.no_grad()
def slope_along_lines(
    flow: LayeredFlow, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]
) -> Float[Tensor, " B"]:
    """Return ``grad log p(x).d = -z.J d / sigma^2`` for every row of x and d, in nats.

    Value and first derivative of ``t -> f(x + t d)`` pass the layers together, as 2 B rows.
    """
    B = len(x)

    def activate(activation: Activation, rows: Tensor) -> Tensor:
        h, h1 = rows.split(B)
        s, s1, _ = derivatives(activation.module, h)
        h1.mul_(s1)
        h.copy_(s)
        return rows

    z, z1 = zip(
        *(part.split(B) for part in flow.forward(torch.cat([x, d]), partial(_affine, B), activate)), strict=True
    )
    return -flow.precision * dot(list(z), list(z1))


def _affine(count: int, layer: LinearLayer, rows: Tensor) -> Tensor:
    """Apply a linear layer to rows of which so many are values, which alone get its bias."""
    rows = layer.push(rows)
    if layer.bias is not None:
        rows[:count].add_(layer.bias)
    return rows
