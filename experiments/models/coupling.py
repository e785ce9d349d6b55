"""Coupling layers: one half of the channels changes the other (Dinh et al. 2015, arXiv 1410.8516, section 3.2).

A coupling is a network and a transformer: the network reads the first half and says how the transformer changes the
second. A new transformer is a class here and its name in `TRANSFORMERS`.
"""

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.errors import RouteError
from curvature.hessian.layered.layers import AdditiveCoupling, Layer
from experiments.models.bijection import Bijection, Place
from experiments.models.config import ActivationName, CouplingName
from experiments.models.coupling_network import coupling_network, network_layers


class Transformer(Protocol):
    """An invertible map of the second half of the channels, whose settings `h` are computed from the first half.

    It gets whole images, the number `split` of leading channels to leave alone, and `h`.
    """

    @property
    def numbers_per_channel(self) -> int:
        """Channels of `h` for each channel that is changed."""

    @property
    def is_constant_log_det(self) -> bool:
        """A promise: the log-determinant is the same number for every `x` and `h`."""

    def forward(
        self, x: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], split: int
    ) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "*#batch"]]:
        """Change the channels from `split` on; return also the log-determinant in nats."""

    def inverse(self, y: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], split: int) -> Float[Tensor, "B C H W"]:
        """Change them back."""


class Additive:
    """`y2 = x2 + h`; the log-determinant is zero, because the Jacobian is unit triangular."""

    numbers_per_channel = 1
    is_constant_log_det = True

    def forward(
        self, x: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], split: int
    ) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, ""]]:
        """Add `h` to the second half; return also a zero."""
        return x + _beside_zeros(h, split), x.new_zeros(())

    def inverse(self, y: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], split: int) -> Float[Tensor, "B C H W"]:
        """Subtract `h` from the second half."""
        return y - _beside_zeros(h, split)


TRANSFORMERS: dict[CouplingName, Transformer] = {"additive": Additive()}


class Coupling(Bijection):
    """Change one half of the channels by a function of the other: `y1 = x1`, `y2 = t(x2; m(x1))`.

    Parameters
    ----------
    network : nn.Module
        The function `m`, from the first C//2 channels to the settings of the transformer, same height and width.
    transformer : Transformer
        The map `t`.
    """

    def __init__(self, network: nn.Module, transformer: Transformer) -> None:
        super().__init__()
        self.network = network
        self.transformer = transformer

    @property
    def is_constant_log_det(self) -> bool:
        """True if the transformer's is: the Jacobian is block triangular."""
        return self.transformer.is_constant_log_det

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "*#batch"]]:
        """Change the second half; return also the log-determinant in nats."""
        split = x.shape[1] // 2
        return self.transformer.forward(x, self.network(x[:, :split]), split)

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Change the second half back."""
        split = y.shape[1] // 2
        return self.transformer.inverse(y, self.network(y[:, :split]), split)

    def curvature_layers(self, place: Place, channels: int) -> list[Layer]:
        """Describe the coupling, if it is additive and its network a sequence of known layers.

        Raises
        ------
        RouteError
            If it is not; names the module.
        """
        if not isinstance(self.transformer, Additive):
            kind = type(self.transformer).__name__
            raise RouteError(f"{place.name}: expected an additive coupling, got {kind}")
        return [AdditiveCoupling(channels // 2, network_layers(self.network, place.within("network")))]

    def extra_repr(self) -> str:
        """Show the transformer."""
        return f"transformer={type(self.transformer).__name__}"


def build_coupling(
    name: CouplingName, channels: int, width: int, activation: ActivationName, generator: torch.Generator
) -> Coupling:
    """Build the coupling of that name with a new network of `width` hidden channels."""
    split, transformer = channels // 2, TRANSFORMERS[name]
    outputs = (channels - split) * transformer.numbers_per_channel
    return Coupling(coupling_network(split, width, outputs, activation, generator), transformer)


def _beside_zeros(h: Float[Tensor, "B P H W"], split: int) -> Float[Tensor, "B C H W"]:
    """`(0, h)`: adding whole images is faster than splitting and joining them."""
    return functional.pad(h, (0, 0, 0, 0, split, 0))
