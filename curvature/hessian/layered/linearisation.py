"""A flow linearised at x0, with the weight of every hidden unit in the Hessian (docs/theory.md, eqs. 60 and 61).

It takes one forward and one backward pass. After that a quadratic form pushes tangents once, and a product with H also
pulls them back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.forms import QuadraticForms
from curvature.hessian.layered.elementwise import derivatives
from curvature.hessian.layered.flow import LayeredFlow, dot, value
from curvature.hessian.layered.layers import Activation, LinearLayer


@dataclass(frozen=True, eq=False)
class Linearisation:
    """Slope s'(h_u) and weight ``lam_u s''(h_u)`` of every hidden unit u at x0, by activation.

    Attributes
    ----------
    flow
        The layers.
    value
        log p(x0) in nats.
    gradient
        Gradient of log p at x0, ``-J'z / sigma^2`` (eq. 6).
    slopes, weights
        By activation: slopes ``[1, *h]``, weights as a flat tensor.
    """

    flow: LayeredFlow
    value: float
    gradient: Float[Tensor, "*event"]
    slopes: Mapping[Activation, Tensor]
    weights: Mapping[Activation, Float[Tensor, " U"]]

    @classmethod
    @torch.no_grad()
    def of(cls, flow: LayeredFlow, x0: Float[Tensor, "*event"]) -> "Linearisation":
        """Linearise a flow at one event."""
        slopes: dict[Activation, Tensor] = {}
        second: dict[Activation, Tensor] = {}
        weights: dict[Activation, Tensor] = {}

        def record(activation: Activation, h: Tensor) -> Tensor:
            s, slopes[activation], second[activation] = derivatives(activation.module, h)
            return s

        def weigh(activation: Activation, lam: Tensor) -> Tensor:
            weights[activation] = (lam * second[activation]).flatten()
            return lam * slopes[activation]

        z = flow.forward(x0[None], value, record)
        pulled = flow.backward(z, weigh)
        log_p = float(flow.log_prob_of(z))
        return cls(flow, log_p, -flow.precision * pulled[0], slopes, {a: weights[a] for a in slopes})

    @property
    def activations(self) -> tuple[Activation, ...]:
        """Every activation, in order of evaluation."""
        return tuple(self.weights)

    @torch.no_grad()
    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """Return ``v'H v`` for every row, split into the Gauss-Newton part and each activation's (eq. 61)."""
        shares = []

        def activate(activation: Activation, h: Tensor) -> Tensor:
            shares.append((h * h).flatten(1) @ self.weights[activation])
            return h.mul_(self.slopes[activation])

        Jv = self.flow.forward(v, push, activate)
        return QuadraticForms.of_parts(torch.stack([dot(Jv, Jv), *shares]).mul_(-self.flow.precision))

    @torch.no_grad()
    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """Return ``H v`` for every row: tangents pushed, and pulled back as cotangents (eq. 62)."""
        bent: dict[Activation, Tensor] = {}

        def activate(activation: Activation, h: Tensor) -> Tensor:
            slope = self.slopes[activation]
            bent[activation] = h * self.weights[activation].view_as(slope)
            return h.mul_(slope)

        def deactivate(activation: Activation, g: Tensor) -> Tensor:
            return g.mul_(self.slopes[activation]).add_(bent.pop(activation))

        Jv = self.flow.forward(v, push, activate)
        return self.flow.backward(Jv, deactivate).mul_(-self.flow.precision)


def push(layer: LinearLayer, t: Tensor) -> Tensor:
    """Apply a linear layer to tangents: ``A t``."""
    return layer.push(t)
