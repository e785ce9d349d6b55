"""The contract of an invertible layer, and the chain that composes layers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import RouteError
from curvature.hessian.layered.layers import Layer


@dataclass(frozen=True)
class Place:
    """Where a layer sits in a multi-scale flow."""

    name: str
    """Its name as a submodule, for error messages."""
    level: int
    """0 for the level next to the image."""
    step: int
    """0 for the first step of the level; -1 for the squeeze before it."""

    def within(self, child: str) -> "Place":
        """The place of a submodule."""
        return replace(self, name=f"{self.name}.{child}")


class Bijection(nn.Module):
    """An invertible layer `y = f(x)` on images with its log-determinant.

    The library assumes, and does not check at run time: `inverse` undoes `forward`; samples of a batch never mix;
    the layer behaves alike in training and evaluation mode; no operation is in place or branches on values, so that
    `torch.func.vmap`, `jvp`, `vjp` and `functional_call` work.
    """

    @property
    def is_constant_log_det(self) -> bool:
        """A promise: `log|det df/dx|` is the same number for every input (a chain keeps it if all its layers do)."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C2 H2 W2"], Float[Tensor, "*#batch"]]:
        """Map `x` to `y`; return also `log|det dy/dx|` in nats, [B], or a scalar where it is constant."""
        raise NotImplementedError

    def inverse(self, y: Float[Tensor, "B C2 H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Map `y` back to `x`."""
        raise NotImplementedError

    def initialise(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C2 H2 W2"]:
        """Set data-dependent parameters from the batch `x`, if the layer has any, and return `f(x)`."""
        return self(x)[0]

    def curvature_layers(self, place: Place, channels: int) -> list[Layer]:
        """Describe the layer by the linear maps and activations that it is made of (`curvature.hessian.layered`).

        Parameters
        ----------
        place
            Where it sits.
        channels
            Channels of its output.

        Raises
        ------
        RouteError
            If it cannot be described so; names the module.
        """
        raise RouteError(f"{place.name}: {type(self).__name__} does not describe its layers for curvature")


def describe_layers(module: nn.Module, place: Place, channels: int, expected: str) -> list[Layer]:
    """Describe a module that should be a bijection: its `curvature_layers`.

    Raises
    ------
    RouteError
        If it is no bijection, where `expected` was due, or cannot be described; names the module.
    """
    if not isinstance(module, Bijection):
        raise RouteError(f"{place.name}: expected {expected}, got {type(module).__name__}")
    return module.curvature_layers(place, channels)


class Chain(Bijection):
    """Compose layers, first to last: `f = f_n o ... o f_1`; log-determinants add."""

    def __init__(self, layers: Iterable[Bijection]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    @property
    def is_constant_log_det(self) -> bool:
        """True if it is true of every layer."""
        return all(layer.is_constant_log_det for layer in self.bijections())

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C2 H2 W2"], Float[Tensor, "*#batch"]]:
        """Apply the layers in order and add their log-determinants."""
        first, *others = self.bijections()
        x, log_det = first(x)
        for layer in others:
            x, layer_log_det = layer(x)
            log_det = log_det + layer_log_det
        return x, log_det

    def inverse(self, y: Float[Tensor, "B C2 H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Apply the inverses in reverse order."""
        for layer in reversed(self.bijections()):
            y = layer.inverse(y)
        return y

    def initialise(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C2 H2 W2"]:
        """Initialise layer by layer, each on the output of the layers before it."""
        for layer in self.bijections():
            x = layer.initialise(x)
        return x

    def bijections(self) -> list[Bijection]:
        """Return the layers, first to last."""
        return [cast(Bijection, layer) for layer in self.layers]
