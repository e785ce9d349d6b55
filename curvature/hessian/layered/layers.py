"""The layers of a flow as plain descriptions: linear maps with push and pull, activations, couplings, factor-outs.

A linear layer pushes tangents, ``t -> A t``, and pulls cotangents, ``g -> A' g``; its `bias` only moves values. Rows
are batches ``[B, C, H, W]`` or ``[B, D]``. None of them changes its argument.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from curvature.hessian.layered.convolutions import Convolution, PixelwiseMap

__all__ = [
    "Activation",
    "AdditiveCoupling",
    "Convolution",
    "Dense",
    "FactorOut",
    "Flatten",
    "Permutation",
    "PixelwiseMap",
    "Residual",
    "Squeeze",
]


class LinearLayer(Protocol):
    """What every linear layer offers."""

    @property
    def bias(self) -> Tensor | None:
        """What is added to values, shaped to broadcast over rows; None for nothing."""

    def push(self, t: Tensor) -> Tensor:
        """Apply the linear map to every row."""

    def pull(self, g: Tensor) -> Tensor:
        """Apply its transpose to every row."""


@dataclass(frozen=True, eq=False)
class Squeeze:
    """Move the pixels of each 2x2 block to channels, ``[B, C, H, W] -> [B, 4C, H/2, W/2]``: a permutation."""

    bias: None = None

    def push(self, t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C4 H2 W2"]:
        """Pixels to channels."""
        return functional.pixel_unshuffle(t, 2)

    def pull(self, g: Float[Tensor, "B C4 H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Channels back to pixels."""
        return functional.pixel_shuffle(g, 2)


@dataclass(frozen=True, eq=False)
class Flatten:
    """Lay an event out as a vector, ``[B, *event] -> [B, D]``."""

    event_shape: tuple[int, ...]
    bias: None = None

    def push(self, t: Float[Tensor, " B *event"]) -> Float[Tensor, "B D"]:
        """Flatten."""
        return t.reshape(-1, math.prod(self.event_shape))

    def pull(self, g: Float[Tensor, "B D"]) -> Float[Tensor, " B *event"]:
        """Restore the shape."""
        return g.reshape(-1, *self.event_shape)


@dataclass(frozen=True, eq=False)
class Dense:
    """``x -> W x + b`` on vectors."""

    weight: Float[Tensor, "E D"]
    bias: Float[Tensor, " E"] | None = None

    def push(self, t: Float[Tensor, "B D"]) -> Float[Tensor, "B E"]:
        """``W t``."""
        return t @ self.weight.T

    def pull(self, g: Float[Tensor, "B E"]) -> Float[Tensor, "B D"]:
        """``W' g``."""
        return g @ self.weight


@dataclass(frozen=True, eq=False)
class Permutation:
    """Reorder the entries of vectors, ``y_i = x_{index_i}``."""

    index: Int[Tensor, " D"]
    bias: None = None

    def push(self, t: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Reorder."""
        return t.index_select(1, self.index)

    def pull(self, g: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Restore the order."""
        return g.index_select(1, self.index.argsort())


@dataclass(frozen=True, eq=False)
class Activation:
    """An elementwise function ``a = s(h)``, the only kind of layer with a second derivative.

    Attributes
    ----------
    module
        Any elementwise module; see `curvature.hessian.layered.elementwise`.
    name
        Readable name: ``level 0, step 2, layer 1``, or a module's name.
    level, step, layer
        Its place counted from 0, where the model numbers it: level of the flow, step in the level, and layer among the
        activations of that step's network.
    """

    module: nn.Module
    name: str
    level: int | None = None
    step: int | None = None
    layer: int | None = None

    @classmethod
    def at(cls, module: nn.Module, level: int, step: int, layer: int) -> "Activation":
        """Name an activation by its place in a multi-scale flow."""
        return cls(module, f"level {level}, step {step}, layer {layer}", level, step, layer)


@dataclass(frozen=True, eq=False)
class Residual:
    """``h -> h + m(h)`` inside the network of a coupling, with m linear maps and activations."""

    network: tuple["NetworkLayer", ...]


NetworkLayer = Convolution | PixelwiseMap | Dense | Activation | Residual


@dataclass(frozen=True, eq=False)
class AdditiveCoupling:
    """``y1 = x1, y2 = x2 + m(x1)`` with x1 the first `split` channels and m linear maps and activations."""

    split: int
    network: tuple[NetworkLayer, ...]


@dataclass(frozen=True, eq=False)
class FactorOut:
    """Move all channels but the first `keep` to the latents."""

    keep: int


Layer = Squeeze | Flatten | Dense | Permutation | Convolution | PixelwiseMap | AdditiveCoupling | FactorOut
