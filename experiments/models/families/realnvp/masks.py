"""Masks: which pixels of an image a coupling reads, and which it changes.

Checkerboard and channel: Dinh et al. 2017, arXiv 1605.08803, section 3.4. Horizontal and cycle: Kirichenko et al. 2020,
arXiv 2006.08545, section 7: they keep from a coupling the neighbouring pixels, from which local correlations can be
copied.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from experiments.models.coupling_region import ChannelHalves, Region
from experiments.models.families.realnvp.config import CouplingMask

Mask = Float[Tensor, "H W"]


class MaskedPixels(nn.Module):
    """Read the pixels of one mask in every channel, and change those of another (Dinh et al. 2017, eq. 9).

    Parameters
    ----------
    channels : int
        Number of channels.
    source, target : Mask
        Ones where pixels are read, or changed, and zeros elsewhere; no pixel is in both.
    """

    source: Mask
    target: Mask

    def __init__(self, channels: int, source: Mask, target: Mask) -> None:
        super().__init__()
        self.channels_read = self.channels_changed = channels
        self.register_buffer("source", source, persistent=False)
        self.register_buffer("target", target, persistent=False)

    def read(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Return the image with zeros where it is not read."""
        return self.source * x

    def embed(self, h: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Return the numbers with zeros where nothing is changed."""
        return self.target * h


def checkerboard(channels: int, height: int, width: int) -> list[Region]:
    """Read the pixels of one colour of a checkerboard and change those of the other; then the other way round."""
    odd = (torch.arange(height)[:, None] + torch.arange(width)) % 2
    return _both_ways(channels, odd.float())


def channel(channels: int, height: int, width: int) -> list[Region]:
    """Read the first half of the channels and change the second; then the other way round."""
    return [ChannelHalves(channels), ChannelHalves(channels, changes_first=True)]


def horizontal(channels: int, height: int, width: int) -> list[Region]:
    """Read the bottom half of the rows and change the top half; then the other way round."""
    _, bottom = _halves(height)
    return _both_ways(channels, bottom[:, None].expand(height, width))


def cycle(channels: int, height: int, width: int) -> list[Region]:
    """Change each quarter by the one before it, clockwise; it takes four couplings to come back to the same quarter."""
    top, bottom = _halves(height)
    left, right = _halves(width)
    clockwise = [(top, left), (top, right), (bottom, right), (bottom, left)]
    quarters = [rows[:, None] * columns for rows, columns in clockwise]
    return [MaskedPixels(channels, quarters[k], quarters[(k + 1) % 4]) for k in range(4)]


REGIONS: dict[CouplingMask, Callable[[int, int, int], list[Region]]] = {
    "checkerboard": checkerboard,
    "channel": channel,
    "horizontal": horizontal,
    "cycle": cycle,
}
"""Regions in images [C, H, W] by the mask's name: those that the couplings of a level go through again and again."""


def _halves(extent: int) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    second = (torch.arange(extent) >= extent // 2).float()
    return 1 - second, second


def _both_ways(channels: int, mask: Mask) -> list[Region]:
    return [MaskedPixels(channels, mask, 1 - mask), MaskedPixels(channels, 1 - mask, mask)]
