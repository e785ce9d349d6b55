"""The plain numbers that a toy flow is made of; their repr is Python code that makes the same numbers again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from curvature.claims.engine.drawing.small_numbers import Matrix, Vector
from curvature.property_testing.code_repr import CodeRepr

ONE_PIXEL: Matrix = ((1.0,),)


@dataclass(frozen=True, repr=False)
class Coupling(CodeRepr):
    """``y2 = x2 + B s(A * x1 + a)`` with x1 the first half of the channels, rounded down.

    Attributes
    ----------
    activation
        s: ``silu``, ``softplus``, ``tanh`` or ``relu``.
    first, offset, second
        A ``[width, C1]``, a ``[width]``, B ``[C2, width]``.
    stencil
        Weights of the neighbouring pixels, 1x1 or 3x3, by which A is multiplied to a kernel.
    """

    activation: str
    first: Matrix
    offset: Vector
    second: Matrix
    stencil: Matrix = ONE_PIXEL


@dataclass(frozen=True, repr=False)
class Step(CodeRepr):
    """``y = U x + b`` on the channels of every pixel, then a coupling if there is one."""

    kernel: Matrix
    bias: Vector
    coupling: Coupling | None = None


@dataclass(frozen=True, repr=False)
class Level(CodeRepr):
    """A squeeze of 2x2 pixels to channels if asked for, then steps; then the second half of the channels is latent."""

    steps: tuple[Step, ...]
    squeeze: bool = False


@dataclass(frozen=True, repr=False)
class FlowNumbers(CodeRepr):
    """Everything a `ToyFlow` is made of.

    Attributes
    ----------
    event_shape
        (C, H, W).
    levels
        From the image to the latents; all that the last one makes is latent.
    prior_scale
        sigma of the latents.
    """

    event_shape: tuple[int, int, int]
    levels: tuple[Level, ...]
    prior_scale: float = 1.0

    @classmethod
    def of_kernel(cls, kernel: Sequence[Sequence[float]]) -> "FlowNumbers":
        """A linear flow of one kernel on one pixel."""
        C = len(kernel)
        return cls((C, 1, 1), (Level((Step(tuple(map(tuple, kernel)), (0.0,) * C),)),))

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return math.prod(self.event_shape)

    def level_shapes(self) -> list[tuple[int, int, int]]:
        """Shape (C, H, W) of an event in the steps of each level: channels are halved between levels, then squeezed."""
        shapes = []
        C, H, W = self.event_shape
        for index, level in enumerate(self.levels):
            C = C // 2 if index else C
            C, H, W = (4 * C, H // 2, W // 2) if level.squeeze else (C, H, W)
            shapes.append((C, H, W))
        return shapes
