"""The network of a gated PixelCNN: a vertical stack that sees the rows above, a horizontal one the row to the left.

van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders" (arXiv 1606.05328), section 2 and
figure 2. Instead of masks, inputs are padded and shifted, so that no weight is multiplied by zero.
"""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from experiments.models.activations import make_activation
from experiments.models.convolutions import in_own_precision, seeded_convolution
from experiments.models.families.pixelcnn.config import PixelCNNConfig


class GatedLayer(nn.Module):
    """One layer of both stacks.

    Parameters
    ----------
    channels_in, width : int
        Channels of its input and output.
    kernel : int
        Odd size of the kernel of which the part above and to the left is used.
    sees_itself : bool
        Whether the horizontal part reads its own position: False in the first layer, whose input is the image.
    generator : torch.Generator
        Of the first weights.
    """

    def __init__(
        self, channels_in: int, width: int, kernel: int, sees_itself: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.reach = kernel // 2
        self.sees_itself = sees_itself
        self.vertical = seeded_convolution(channels_in, 2 * width, (self.reach + 1, kernel), generator)
        self.horizontal = seeded_convolution(channels_in, 2 * width, (1, self.reach + sees_itself), generator)
        self.link = seeded_convolution(2 * width, 2 * width, 1, generator)
        self.out = seeded_convolution(width, width, 1, generator)

    def see_above(self, v: Float[Tensor, "B I H W"]) -> tuple[Float[Tensor, "B V H W"], Float[Tensor, "B W2 H W"]]:
        """Return the vertical stack's output, which includes its own row, and what the row below it receives."""
        before_gate = self.vertical(functional.pad(v, (self.reach, self.reach, self.reach, 0)))
        return gate(before_gate), self.link(functional.pad(before_gate, (0, 0, 1, -1)))

    def see_left(self, h: Float[Tensor, "B I H W"], from_above: Float[Tensor, "B W2 H W"]) -> Float[Tensor, "B V H W"]:
        """Return the horizontal stack's output; every row depends on the same row alone and on `from_above`."""
        own = self.horizontal(functional.pad(h, (self.reach, 0 if self.sees_itself else -1, 0, 0)))
        gated = self.out(gate(own + from_above))
        return h + gated if self.sees_itself else gated


class GatedNetwork(nn.Module):
    """Both stacks and the head: parameters for every pixel, from the pixels before it in raster order.

    The vertical stack has no blind spot: every layer reaches one kernel further to the right in the same row, which is
    shifted down by one row before the horizontal stack reads it.
    """

    def __init__(
        self, channels: int, parameters: Float[Tensor, " P"], config: PixelCNNConfig, generator: torch.Generator
    ) -> None:
        super().__init__()
        width = config.width
        first = GatedLayer(channels + 1, width, config.first_kernel, False, generator)
        others = [GatedLayer(width, width, config.kernel, True, generator) for _ in range(config.layers - 1)]
        self.layers = nn.ModuleList([first, *others])
        self.last = seeded_convolution(width, len(parameters), 1, generator, gain=0.1)
        with torch.no_grad():
            self.last.bias.copy_(parameters)  # type: ignore[union-attr]
        self.head = nn.Sequential(
            make_activation(config.activation),
            seeded_convolution(width, width, 1, generator),
            make_activation(config.activation),
        )

    def forward(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B P H W"]:
        """Return the parameters of every pixel of `y`, on the scale [-1, 1]."""
        return self.along_rows(y, self.from_above(y))

    def from_above(self, y: Float[Tensor, "B C H W"]) -> list[Float[Tensor, "B W2 H W"]]:
        """Run the vertical stack: what every layer of the horizontal one receives, row by row, from the rows above."""
        v, received = with_ones(y), []
        for layer in self._layers():
            v, link = layer.see_above(v)
            received.append(link)
        return received

    def along_rows(self, y: Float[Tensor, "B C H W"], received: list[Tensor]) -> Float[Tensor, "B P H W"]:
        """Run the horizontal stack and the head, in which rows do not mix."""
        h = with_ones(y)
        for layer, link in zip(self._layers(), received, strict=True):
            h = layer.see_left(h, link)
        return in_own_precision(self.last, self.head(h))

    def _layers(self) -> list[GatedLayer]:
        return [cast(GatedLayer, layer) for layer in self.layers]


def gate(u: Float[Tensor, "B W2 H W"]) -> Float[Tensor, "B V H W"]:
    """``tanh(u1) sigmoid(u2)`` of the halves of the channels (eq. 2 of the paper)."""
    value, opening = u.chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()


def with_ones(y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C1 H W"]:
    """Add a channel of ones, by which the network tells the padding from pixels of value zero (PixelCNN++)."""
    return torch.cat([y, torch.ones_like(y[:, :1])], 1)
