"""The description of a Glow by which curvature is passed through its layers by hand (`curvature.hessian.layered`)."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from curvature.errors import RouteError
from curvature.hessian.layered.elementwise import CLOSED_FORMS
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import (
    Activation,
    AdditiveCoupling,
    Convolution,
    FactorOut,
    Layer,
    PixelwiseMap,
    Squeeze,
)
from experiments.models import coupling, squeeze
from experiments.models.step import FlowStep

if TYPE_CHECKING:
    from experiments.models.bijection import Bijection
    from experiments.models.glow import Glow


@torch.no_grad()
def glow_layers(glow: "Glow") -> LayeredFlow:
    """Describe a Glow with the parameters it has now.

    Raises
    ------
    RouteError
        If it holds anything but squeezes, flow steps and additive couplings of plain convolutions; names the module.
    """
    layers: list[Layer] = []
    log_det = 0.0
    shapes = glow.latent_shapes()
    for level, (chain, (channels, height, width)) in enumerate(zip(glow.chains(), shapes, strict=True)):
        for step, bijection in enumerate(chain.bijections(), start=-1):
            name = f"levels.{level}.layers.{step + 1}"
            layers += _bijection_layers(bijection, name, level, step)
            if isinstance(bijection, FlowStep):
                log_det += float(bijection.folded().log_det) * height * width
        if level < len(shapes) - 1:
            layers.append(FactorOut(channels))
    return LayeredFlow(glow.event_shape, tuple(layers), float(glow.prior.scale), log_det)


def _bijection_layers(bijection: "Bijection", name: str, level: int, step: int) -> list[Layer]:
    """Describe one squeeze or one flow step."""
    if isinstance(bijection, squeeze.Squeeze):
        return [Squeeze()]
    if not isinstance(bijection, FlowStep):
        raise RouteError(f"{name}: expected a squeeze or a flow step, got {type(bijection).__name__}; use 'hvp'")
    folded, inner = bijection.folded(), bijection.coupling
    if not isinstance(inner, coupling.AdditiveCoupling):
        raise RouteError(f"{name}.coupling: expected an additive coupling, got {type(inner).__name__}; use 'hvp'")
    network = _network(inner.network, f"{name}.coupling.network", level, step)
    return [PixelwiseMap(folded.weight, folded.bias[:, None, None]), AdditiveCoupling(len(folded.bias) // 2, network)]


def _network(
    network: nn.Module, name: str, level: int, step: int
) -> tuple[Convolution | PixelwiseMap | Activation, ...]:
    """Describe the network of a coupling: convolutions and known elementwise activations in sequence."""
    described: list[Convolution | PixelwiseMap | Activation] = []
    n_activations = 0
    for index, module in enumerate(network.children()):
        if isinstance(module, nn.Conv2d):
            described.append(Convolution.of(module, f"{name}.{index}"))
        elif type(module) in CLOSED_FORMS:
            described.append(Activation.at(module, level, step, n_activations))
            n_activations += 1
        else:
            kind = type(module).__name__
            raise RouteError(f"{name}.{index}: expected a convolution or a known activation, got {kind}; use 'hvp'")
    if not isinstance(network, nn.Sequential) or not described:
        raise RouteError(f"{name}: expected a sequence of layers, got {type(network).__name__}; use 'hvp'")
    return tuple(described)
