"""A flow as a sequence of layers, with a pass from the event to the latents and one for cotangents back."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.layered.layers import (
    Activation,
    AdditiveCoupling,
    FactorOut,
    Layer,
    LinearLayer,
    NetworkLayer,
    Residual,
)

LinearStep = Callable[[LinearLayer, Tensor], Tensor]
ActivationStep = Callable[[Activation, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class LayeredFlow:
    """``log p(x) = -|z|^2 / (2 sigma^2) - D log(sigma sqrt(2 pi)) + c`` with z the output of the layers (eqs. 4, 5).

    Attributes
    ----------
    event_shape
        Shape of one event.
    layers
        From the event to the latents; together invertible, with a constant log-determinant.
    prior_scale
        sigma, the one standard deviation of all latents.
    log_det
        c, the constant log-determinant in nats.
    """

    event_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    prior_scale: float
    log_det: float

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return math.prod(self.event_shape)

    @property
    def precision(self) -> float:
        """``1 / sigma^2``."""
        return self.prior_scale**-2

    def activations(self) -> tuple[Activation, ...]:
        """Every activation, in order of evaluation."""
        couplings = [layer for layer in self.layers if isinstance(layer, AdditiveCoupling)]
        return tuple(inner for layer in couplings for inner in _activations(layer.network))

    @torch.no_grad()
    def widest(self, x0: Float[Tensor, "*event"]) -> int:
        """Largest number of entries that one row has in any layer; memory grows with it."""
        sizes = [self.dim]

        def activate(_: Activation, h: Tensor) -> Tensor:
            sizes.append(h.numel())
            return h

        self.forward(x0[None], value, activate)
        return max(sizes)

    def forward(self, rows: Float[Tensor, " B *event"], linear: LinearStep, activate: ActivationStep) -> list[Tensor]:
        """Pass rows through all layers; return the latents in parts, as they are factored out.

        Parameters
        ----------
        rows
            Values, tangents, or both; they are not changed.
        linear
            What a linear layer does to rows: returns new ones.
        activate
            What an activation does to rows; it may change them in place.
        """
        rows, parts = rows.clone(memory_format=torch.contiguous_format), []
        for layer in self.layers:
            if isinstance(layer, AdditiveCoupling):
                rows[:, layer.split :].add_(_through(layer.network, rows[:, : layer.split], linear, activate))
            elif isinstance(layer, FactorOut):
                parts.append(rows[:, layer.keep :])
                rows = rows[:, : layer.keep].contiguous()
            else:
                rows = linear(layer, rows)
        return [*parts, rows]

    def backward(self, parts: list[Tensor], activate: ActivationStep) -> Float[Tensor, " B *event"]:
        """Pass cotangents of the latents, in parts, back to the event; `activate` as in `forward`."""
        *factored, rows = parts
        rows = rows.clone()
        for layer in reversed(self.layers):
            if isinstance(layer, AdditiveCoupling):
                rows[:, : layer.split].add_(_back_through(layer.network, rows[:, layer.split :], activate))
            elif isinstance(layer, FactorOut):
                rows = torch.cat([rows, factored.pop()], dim=1)
            else:
                rows = layer.pull(rows)
        return rows

    def latents(self, x: Float[Tensor, " B *event"]) -> list[Tensor]:
        """Return z of every row, in parts."""
        return self.forward(x, value, lambda activation, h: activation.module(h))

    @torch.no_grad()
    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return log p of every row in nats, without a graph."""
        return self.log_prob_of(self.latents(x))

    def log_prob_of(self, z: list[Tensor]) -> Float[Tensor, " B"]:
        """Return log p in nats of rows with these latents."""
        volume = self.dim * (math.log(self.prior_scale) + 0.5 * math.log(2 * math.pi))
        return -0.5 * self.precision * dot(z, z) + (self.log_det - volume)


def _through(network: tuple[NetworkLayer, ...], h: Tensor, linear: LinearStep, activate: ActivationStep) -> Tensor:
    """Pass rows through a network; they are not changed."""
    for position, inner in enumerate(network):
        if isinstance(inner, Activation):
            h = activate(inner, h if position else h.clone())
        elif isinstance(inner, Residual):
            h = h + _through(inner.network, h, linear, activate)
        else:
            h = linear(inner, h)
    return h


def _back_through(network: tuple[NetworkLayer, ...], g: Tensor, activate: ActivationStep) -> Tensor:
    """Pass cotangents back through a network; they are not changed."""
    for position, inner in enumerate(reversed(network)):
        if isinstance(inner, Activation):
            g = activate(inner, g if position else g.clone())
        elif isinstance(inner, Residual):
            g = g + _back_through(inner.network, g, activate)
        else:
            g = inner.pull(g)
    return g


def _activations(network: tuple[NetworkLayer, ...]) -> Iterator[Activation]:
    for inner in network:
        if isinstance(inner, Activation):
            yield inner
        elif isinstance(inner, Residual):
            yield from _activations(inner.network)


@runtime_checkable
class HasCurvatureLayers(Protocol):
    """A model that describes its layers; its `log_prob` must be that of the described flow."""

    def curvature_layers(self) -> LayeredFlow:
        """Describe the model as it is now; raise `RouteError`, naming the module, where that cannot be done."""


def value(layer: LinearLayer, x: Tensor) -> Tensor:
    """Apply a linear layer to values: ``A x + b``."""
    y = layer.push(x)
    return y if layer.bias is None else y.add_(layer.bias)


def dot(a: list[Tensor], b: list[Tensor]) -> Float[Tensor, " B"]:
    """Inner products of rows in parts, a row at a time."""
    # One product and one sum a part: vector_norm over a leading dimension is many times slower.
    return torch.stack([(u * v).flatten(1).sum(1) for u, v in zip(a, b, strict=True)]).sum(0)
