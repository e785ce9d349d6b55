"""Regions of couplings: which entries of an image a coupling reads, and which it changes; no entry is both."""

from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


class Region(Protocol):
    """What a coupling reads and changes."""

    @property
    def channels_read(self) -> int:
        """Channels of what `read` returns."""

    @property
    def channels_changed(self) -> int:
        """Channels of what `embed` takes."""

    def read(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B R H W"]:
        """Return the entries that are read, with zeros in the place of others."""

    def embed(self, h: Float[Tensor, "B P H W"]) -> Float[Tensor, "B C H W"]:
        """Put numbers for the entries that are changed in their places in a whole image, with zeros elsewhere."""


@dataclass(frozen=True)
class ChannelHalves:
    """Read the first C//2 channels and change the others, or the other way round.

    Attributes
    ----------
    channels
        Number C of channels.
    changes_first
        Whether the first C//2 channels are those that are changed.
    """

    channels: int
    changes_first: bool = False

    @property
    def channels_read(self) -> int:
        """C//2, or the rest."""
        return self.channels - self.channels_changed

    @property
    def channels_changed(self) -> int:
        """The rest, or C//2."""
        return self.channels // 2 if self.changes_first else self.channels - self.channels // 2

    def read(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B R H W"]:
        """Return the half that is read."""
        return x[:, self.channels_changed :] if self.changes_first else x[:, : self.channels_read]

    def embed(self, h: Float[Tensor, "B P H W"]) -> Float[Tensor, "B C H W"]:
        """Put zeros beside: adding whole images is faster than splitting and joining them."""
        before, after = (0, self.channels_read) if self.changes_first else (self.channels_read, 0)
        return functional.pad(h, (0, 0, 0, 0, before, after))
