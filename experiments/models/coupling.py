"""Coupling layers: one part of an image changes the other (Dinh et al. 2015, arXiv 1410.8516, section 3.2).

A coupling is a network and a transformer: the network reads one part and says how the transformer changes the other. A
new transformer is a class here and its name in `TRANSFORMERS`.
"""

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import RouteError
from curvature.hessian.layered.layers import AdditiveCoupling, Layer
from experiments.models.bijection import Bijection, Place
from experiments.models.config import NUMBERS_PER_CHANNEL, ActivationName, CouplingName
from experiments.models.coupling_network import coupling_network, network_layers
from experiments.models.coupling_region import ChannelHalves, Region


class Transformer(Protocol):
    """An invertible map of some entries of an image, whose settings `h` are computed from the others.

    It gets whole images, `h`, and the region, which puts numbers for the entries that are changed in their places.
    """

    @property
    def numbers_per_channel(self) -> int:
        """Channels of `h` for each channel that is changed."""

    @property
    def is_constant_log_det(self) -> bool:
        """A promise: the log-determinant is the same number for every `x` and `h`."""

    def forward(
        self, x: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], region: Region
    ) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "*#batch"]]:
        """Change the entries; return also the log-determinant in nats."""

    def inverse(
        self, y: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], region: Region
    ) -> Float[Tensor, "B C H W"]:
        """Change them back."""


class Additive:
    """`y2 = x2 + h`; the log-determinant is zero, because the Jacobian is unit triangular."""

    numbers_per_channel = NUMBERS_PER_CHANNEL["additive"]
    is_constant_log_det = True

    def forward(
        self, x: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], region: Region
    ) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, ""]]:
        """Add `h`; return also a zero."""
        return x + region.embed(h), x.new_zeros(())

    def inverse(
        self, y: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], region: Region
    ) -> Float[Tensor, "B C H W"]:
        """Subtract `h`."""
        return y - region.embed(h)


SCALE_OFFSET = 2.0
"""As in the published code of Glow: where a network returns zeros, sigmoid(s + 2) is 0.88."""
LEAST_SCALE = 0.1
"""The published scale comes arbitrarily close to zero, and the inverse then explodes: after random changes of the
weights, a Glow of two levels mapped normal latents to values of 1e15 and back to something else. See Behrmann et al.
2021, arXiv 2006.09347."""


class Affine:
    """`y2 = (x2 + t) * r` with the scale `r = 0.1 + 0.9 sigmoid(s + 2)` and `h = (t, s)`.

    Glow has `r = sigmoid(s + 2)` (the published code of Kingma & Dhariwal 2018, arXiv 1807.03039); the bound from below
    keeps the inverse accurate. Layers of actnorm in between scale up again. The log-determinant is the sum of `log r`,
    never positive, and depends on `x`.
    """

    numbers_per_channel = NUMBERS_PER_CHANNEL["affine"]
    is_constant_log_det = False

    def forward(
        self, x: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], region: Region
    ) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, " B"]]:
        """Shift and scale; return also the log-determinant."""
        shift, log_scale = self._settings(x, h, region)
        return (x + shift) * log_scale.exp(), log_scale.sum((1, 2, 3))

    def inverse(
        self, y: Float[Tensor, "B C H W"], h: Float[Tensor, "B P H W"], region: Region
    ) -> Float[Tensor, "B C H W"]:
        """Undo the scale and the shift."""
        shift, log_scale = self._settings(y, h, region)
        return y * (-log_scale).exp() - shift

    @staticmethod
    def _settings(like: Tensor, h: Tensor, region: Region) -> tuple[Tensor, Tensor]:
        # In the images' precision even under autocast: the log-determinant is a sum of many numbers.
        shift, s = h.to(like.dtype).chunk(2, dim=1)
        scale = LEAST_SCALE + (1 - LEAST_SCALE) * torch.sigmoid(s + SCALE_OFFSET)
        return region.embed(shift), region.embed(scale.log())


TRANSFORMERS: dict[CouplingName, Transformer] = {"additive": Additive(), "affine": Affine()}


class Coupling(Bijection):
    """Change one part of an image by a function of another: `y1 = x1`, `y2 = t(x2; m(x1))`.

    Parameters
    ----------
    network : nn.Module
        The function `m`, from what the region reads to the settings of the transformer, same height and width.
    transformer : Transformer
        The map `t`.
    region : Region
        What is `x1` and what is `x2`.
    """

    def __init__(self, network: nn.Module, transformer: Transformer, region: Region) -> None:
        super().__init__()
        self.network = network
        self.transformer = transformer
        self.region = region

    @property
    def is_constant_log_det(self) -> bool:
        """True if the transformer's is: the Jacobian is block triangular."""
        return self.transformer.is_constant_log_det

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "*#batch"]]:
        """Change the second part; return also the log-determinant in nats."""
        return self.transformer.forward(x, self.network(self.region.read(x)), self.region)

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Change the second part back."""
        return self.transformer.inverse(y, self.network(self.region.read(y)), self.region)

    def curvature_layers(self, place: Place, channels: int) -> list[Layer]:
        """Describe the coupling, if it adds to the second half of the channels and its network is of known layers.

        Raises
        ------
        RouteError
            If it is not; names the module.
        """
        if not isinstance(self.transformer, Additive):
            kind = type(self.transformer).__name__
            raise RouteError(f"{place.name}: expected an additive coupling, got {kind}")
        if self.region != ChannelHalves(channels):
            raise RouteError(f"{place.name}: expected a coupling of channel halves, got {self.region}")
        return [AdditiveCoupling(channels // 2, network_layers(self.network, place.within("network")))]

    def extra_repr(self) -> str:
        """Show the transformer."""
        return f"transformer={type(self.transformer).__name__}"


def build_coupling(
    name: CouplingName, channels: int, width: int, activation: ActivationName, generator: torch.Generator
) -> Coupling:
    """Build the coupling of that name with a new network of `width` hidden channels."""
    region, transformer = ChannelHalves(channels), TRANSFORMERS[name]
    outputs = region.channels_changed * transformer.numbers_per_channel
    return Coupling(coupling_network(region.channels_read, width, outputs, activation, generator), transformer, region)
