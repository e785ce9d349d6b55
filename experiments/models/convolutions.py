"""Convolutions and linear maps whose first weights come from a generator and not from torch's global random state."""

import torch
from torch import Tensor, nn


def seeded_convolution(
    channels_in: int,
    channels_out: int,
    size: int | tuple[int, int],
    generator: torch.Generator,
    gain: float = 1.0,
    stride: int = 1,
    padding: int = 0,
) -> nn.Conv2d:
    """Return a convolution with normal weights that keep the variance of its input times `gain` squared; bias zero.

    LeCun's initialisation ("Efficient BackProp", 1998): of standard deviation `gain` / sqrt(inputs of one output).
    """
    # skip_init: the constructor would draw from torch's global random state.
    layer = nn.utils.skip_init(nn.Conv2d, channels_in, channels_out, size, stride=stride, padding=padding)
    _draw(layer, layer.weight[0].numel(), generator, gain)
    return layer


def seeded_linear(inputs: int, outputs: int, generator: torch.Generator, gain: float = 1.0) -> nn.Linear:
    """Return a linear map with normal weights as of `seeded_convolution`."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    _draw(layer, inputs, generator, gain)
    return layer


def in_own_precision(layer: nn.Conv2d | nn.Linear, u: Tensor) -> Tensor:
    """Apply a layer in the precision of its weights even under autocast: bfloat16 cannot tell 256 levels apart."""
    with torch.autocast(u.device.type, enabled=False):
        y: Tensor = layer(u.to(layer.weight.dtype))
    return y


def _draw(
    layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, fan_in: int, generator: torch.Generator, gain: float
) -> None:
    nn.init.normal_(layer.weight, std=gain / fan_in**0.5, generator=generator)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
