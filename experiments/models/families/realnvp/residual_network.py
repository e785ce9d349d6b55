"""The residual network of a coupling (Dinh et al. 2017, arXiv 1605.08803, section 3.6), without batch normalisation."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from experiments.models.activations import make_activation
from experiments.models.config import ActivationName
from experiments.models.coupling_network import convolution


class ResidualBlock(nn.Module):
    """`x + W_2 s(W_1 s(x))`, with a dilated 3x3 convolution `W_1` and a 1x1 convolution `W_2`."""

    def __init__(self, width: int, dilation: int, activation: ActivationName, generator: torch.Generator) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            make_activation(activation),
            convolution(width, width, 3, generator, dilation),
            make_activation(activation),
            convolution(width, width, 1, generator),
        )

    def forward(self, x: Float[Tensor, "B W height width"]) -> Float[Tensor, "B W height width"]:
        """Add the branch."""
        branch: Tensor = self.branch(x)
        return x + branch


def residual_network(
    channels_in: int,
    width: int,
    channels_out: int,
    dilations: Iterable[int],
    activation: ActivationName,
    generator: torch.Generator,
) -> nn.Sequential:
    """Build a network of one 3x3 convolution, residual blocks, an activation and a 3x3 convolution.

    The last layer starts at zero, the others with He-normal weights. An output sees pixels up to 2 plus the sum of the
    dilations away.
    """
    return nn.Sequential(
        convolution(channels_in, width, 3, generator),
        *(ResidualBlock(width, dilation, activation, generator) for dilation in dilations),
        make_activation(activation),
        convolution(width, channels_out, 3, None),
    )
