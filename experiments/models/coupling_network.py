"""The convolutional network of a coupling, and its description layer by layer for curvature."""

from typing import TypeVar

import torch
from torch import nn

from curvature.errors import RouteError
from curvature.hessian.layered.convolutions import Convolution, PixelwiseMap
from curvature.hessian.layered.elementwise import CLOSED_FORMS
from curvature.hessian.layered.layers import Activation
from experiments.models.activations import make_activation
from experiments.models.bijection import Place
from experiments.models.config import ActivationName


def coupling_network(
    channels_in: int, width: int, channels_out: int, activation: ActivationName, generator: torch.Generator
) -> nn.Sequential:
    """Build the network of a coupling: 3x3, activation, 1x1, activation, 3x3 convolutions.

    The last layer starts at zero, so that an additive coupling starts as the identity; the others start with He-normal
    weights (He et al. 2015, arXiv 1502.01852) drawn from `generator`.
    """
    return nn.Sequential(
        convolution(channels_in, width, 3, generator),
        make_activation(activation),
        convolution(width, width, 1, generator),
        make_activation(activation),
        convolution(width, channels_out, 3, None),
    )


def network_layers(network: nn.Module, place: Place) -> tuple[Convolution | PixelwiseMap | Activation, ...]:
    """Describe a sequence of convolutions and known elementwise activations.

    Raises
    ------
    RouteError
        If the network is anything else; names the module.
    """
    described: list[Convolution | PixelwiseMap | Activation] = []
    n_activations = 0
    for index, module in enumerate(network.children()):
        name = place.within(str(index)).name
        if isinstance(module, nn.Conv2d):
            described.append(Convolution.of(module, name))
        elif type(module) in CLOSED_FORMS:
            described.append(Activation.at(module, place.level, place.step, n_activations))
            n_activations += 1
        else:
            kind = type(module).__name__
            raise RouteError(f"{name}: expected a convolution or a known activation, got {kind}")
    if not isinstance(network, nn.Sequential) or not described:
        raise RouteError(f"{place.name}: expected a sequence of layers, got {type(network).__name__}")
    return tuple(described)


def convolution(
    channels_in: int, channels_out: int, size: int, generator: torch.Generator | None, dilation: int = 1
) -> nn.Conv2d:
    """Return a size-preserving convolution: He-normal from `generator`, or all zeros without one; the bias is zero."""
    # skip_init: the constructor would draw from torch's global random state.
    padding = dilation * (size // 2)
    layer = nn.utils.skip_init(nn.Conv2d, channels_in, channels_out, size, padding=padding, dilation=dilation)
    return initialised(layer, generator)


Weighted = TypeVar("Weighted", nn.Conv2d, nn.Linear)


def initialised(layer: Weighted, generator: torch.Generator | None) -> Weighted:
    """Set the weights: He-normal from `generator` (He et al. 2015), or zeros without one; the bias is zero."""
    if generator is None:
        nn.init.zeros_(layer.weight)
    else:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer
