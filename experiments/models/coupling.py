"""Coupling layers: one half of the channels changes the other (Dinh et al. 2015, arXiv 1410.8516, section 3.2)."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from experiments.models.activations import make_activation
from experiments.models.bijection import Bijection
from experiments.models.config import ActivationName, CouplingName


class AdditiveCoupling(Bijection):
    """Add to one half of the channels a function of the other: `y1 = x1`, `y2 = x2 + m(x1)`; log-determinant zero.

    Parameters
    ----------
    network : nn.Module
        The function `m`, from the first C//2 channels to the other C - C//2, same height and width.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @property
    def is_constant_log_det(self) -> bool:
        """Always: the Jacobian is unit triangular."""
        return True

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, ""]]:
        """Shift the second half; return also a zero."""
        return x + self._shift(x), x.new_zeros(())

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Shift the second half back."""
        return y - self._shift(y)

    def _shift(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """`(0, m(x1))`: adding whole images is faster than splitting and joining them."""
        half = x.shape[1] // 2
        return functional.pad(self.network(x[:, :half]), (0, 0, 0, 0, half, 0))


def coupling_network(
    channels_in: int, width: int, channels_out: int, activation: ActivationName, generator: torch.Generator
) -> nn.Sequential:
    """Build the network of a coupling: 3x3, activation, 1x1, activation, 3x3 convolutions.

    The last layer starts at zero, so that a coupling starts as the identity; the others start with He-normal weights
    (He et al. 2015, arXiv 1502.01852) drawn from `generator`.
    """
    return nn.Sequential(
        _convolution(channels_in, width, 3, generator),
        make_activation(activation),
        _convolution(width, width, 1, generator),
        make_activation(activation),
        _convolution(width, channels_out, 3, None),
    )


def _additive(channels: int, width: int, activation: ActivationName, generator: torch.Generator) -> AdditiveCoupling:
    half = channels // 2
    return AdditiveCoupling(coupling_network(half, width, channels - half, activation, generator))


# A coupling whose log-determinant depends on x returns it as [B] and says so in `is_constant_log_det`; no other
# module changes.
CouplingMaker = Callable[[int, int, ActivationName, torch.Generator], Bijection]
COUPLINGS: dict[CouplingName, CouplingMaker] = {"additive": _additive}


def _convolution(channels_in: int, channels_out: int, size: int, generator: torch.Generator | None) -> nn.Conv2d:
    """Return a size-preserving convolution: He-normal from `generator`, or all zeros without one; the bias is zero."""
    # skip_init: the constructor would draw from torch's global random state.
    layer = nn.utils.skip_init(nn.Conv2d, channels_in, channels_out, size, padding=size // 2)
    if generator is None:
        nn.init.zeros_(layer.weight)
    else:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
