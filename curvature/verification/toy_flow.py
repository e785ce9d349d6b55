"""Small constant-volume flows written as plain numbers: what a counterexample is told in, and what evaluates it.

`repr(flow)` is Python code that makes the same flow again.
"""

import math
from dataclasses import dataclass, fields
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.closed_form.channel_mixing import Mixing
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import (
    Activation,
    AdditiveCoupling,
    Convolution,
    FactorOut,
    Layer,
    PixelwiseMap,
    Squeeze,
)
from curvature.verification.small_numbers import Matrix, Vector

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}
ONE_PIXEL: Matrix = ((1.0,),)


class Numbers:
    """A dataclass whose repr leaves out what is as by default: shorter code, the same object."""

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={value!r}"
            for field in fields(cast(Any, self))
            if (value := getattr(self, field.name)) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Coupling(Numbers):
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
class Step(Numbers):
    """``y = U x + b`` on the channels of every pixel, then a coupling if there is one."""

    kernel: Matrix
    bias: Vector
    coupling: Coupling | None = None


@dataclass(frozen=True, repr=False)
class Level(Numbers):
    """A squeeze of 2x2 pixels to channels if asked for, then steps; the second half of the channels then leaves."""

    steps: tuple[Step, ...]
    squeeze: bool = False


@dataclass(frozen=True, repr=False)
class FlowNumbers(Numbers):
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

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return math.prod(self.event_shape)

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether no coupling is curved, so that the second part of H is zero almost everywhere."""
        steps = [step for level in self.levels for step in level.steps]
        return all(step.coupling is None or step.coupling.activation == "relu" for step in steps)


class ToyFlow(nn.Module):
    """The flow of these numbers, in float64: ``log_prob`` in plain torch, and its layers for the hand-pushed routes.

    Parameters
    ----------
    numbers
        What it is made of.
    """

    def __init__(self, numbers: FlowNumbers) -> None:
        super().__init__()
        self.numbers = numbers
        self.levels = nn.ModuleList(nn.ModuleList(ToyStep(step) for step in level.steps) for level in numbers.levels)
        self.requires_grad_(False).eval()

    @property
    def event_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of one event."""
        return self.numbers.event_shape

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.numbers.dim

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B D"], Float[Tensor, " B"]]:
        """Return the latents and the log-determinant of every event."""
        parts: list[Tensor] = []
        log_det = x.new_zeros(())
        for index, (level, steps) in enumerate(zip(self.numbers.levels, self._steps(), strict=True)):
            if index:
                half = x.shape[1] // 2
                x, leaving = x[:, :half], x[:, half:]
                parts.append(leaving.flatten(1))
            x = functional.pixel_unshuffle(x, 2) if level.squeeze else x
            for step in steps:
                x = step(x)
                log_det = log_det + step.log_det * x.shape[2] * x.shape[3]
        z = torch.cat([*parts, x.flatten(1)], 1)
        return z, log_det.expand(len(z))

    def inverse(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B C H W"]:
        """Return the events with these latents."""
        shapes = [self._latent_shape(level) for level in range(len(self.levels))]
        *parts, x = (
            part.reshape(-1, *shape)
            for part, shape in zip(z.split([math.prod(s) for s in shapes], 1), shapes, strict=True)
        )
        for level, steps in reversed(list(zip(self.numbers.levels, self._steps(), strict=True))):
            for step in reversed(steps):
                x = step.inverse(x)
            x = functional.pixel_shuffle(x, 2) if level.squeeze else x
            x = torch.cat([x, parts.pop()], 1) if parts else x
        return x

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return log p of every event in nats (docs/theory.md, eq. 4)."""
        z, log_det = self(x)
        sigma = self.numbers.prior_scale
        return log_det - 0.5 * (z / sigma).square().sum(1) - self.dim * math.log(sigma * math.sqrt(2 * math.pi))

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n C H W"]:
        """Draw events."""
        z = torch.randn(n, self.dim, generator=generator, dtype=torch.float64)
        return self.inverse(self.numbers.prior_scale * z)

    def channel_mixings(self) -> list[Mixing]:
        """Return the 1x1 kernels, for the closed forms."""
        return [
            Mixing(level, number, step.kernel, torch.ones_like(step.bias))
            for level, steps in enumerate(self._steps())
            for number, step in enumerate(steps)
        ]

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers, for the hand-pushed routes."""
        layers: list[Layer] = []
        height, width = self.event_shape[1:]
        log_det = 0.0
        for level, (numbers, steps) in enumerate(zip(self.numbers.levels, self._steps(), strict=True)):
            if level:
                layers.append(FactorOut(self._steps()[level - 1][0].split))
            if numbers.squeeze:
                layers.append(Squeeze())
                height, width = height // 2, width // 2
            for number, step in enumerate(steps):
                layers += step.layers(level, number)
                log_det += float(step.log_det) * height * width
        return LayeredFlow(self.event_shape, tuple(layers), self.numbers.prior_scale, log_det)

    def __repr__(self) -> str:
        return f"ToyFlow({self.numbers!r})"

    def _steps(self) -> list[list["ToyStep"]]:
        """The steps' modules, by level."""
        return [[cast(ToyStep, step) for step in cast(nn.ModuleList, level)] for level in self.levels]

    def _latent_shape(self, level: int) -> tuple[int, int, int]:
        """Shape of what leaves at a level."""
        C, H, W = self.event_shape
        for index, numbers in enumerate(self.numbers.levels[: level + 1]):
            C = C // 2 if index else C
            C, H, W = (4 * C, H // 2, W // 2) if numbers.squeeze else (C, H, W)
        return (C if level == len(self.levels) - 1 else C - C // 2), H, W


class ToyStep(nn.Module):
    """One step as a module."""

    kernel: Tensor
    bias: Tensor
    log_det: Tensor

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.channels = len(step.bias)
        self.split = self.channels // 2
        kernel = torch.tensor(step.kernel, dtype=torch.float64)
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", torch.tensor(step.bias, dtype=torch.float64))
        self.register_buffer("log_det", torch.linalg.slogdet(kernel).logabsdet)
        self.network = None if step.coupling is None else _network(step.coupling)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Mix the channels, then shift the second half."""
        y = torch.einsum("dc,bchw->bdhw", self.kernel, x) + self.bias[:, None, None]
        if self.network is None:
            return y
        return torch.cat([y[:, : self.split], y[:, self.split :] + self.network(y[:, : self.split])], 1)

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Undo the shift, then the mixing."""
        if self.network is not None:
            y = torch.cat([y[:, : self.split], y[:, self.split :] - self.network(y[:, : self.split])], 1)
        return torch.einsum("dc,bchw->bdhw", torch.linalg.inv(self.kernel), y - self.bias[:, None, None])

    def layers(self, level: int, number: int) -> list[Layer]:
        """Describe the step."""
        mixing = PixelwiseMap(self.kernel, self.bias[:, None, None])
        if self.network is None:
            return [mixing]
        into, activation, out = self.network
        site = Activation.at(activation, level, number, 0)
        name = f"level {level}, step {number}"
        network = (Convolution.of(cast(nn.Conv2d, into), name), site, Convolution.of(cast(nn.Conv2d, out), name))
        return [mixing, AdditiveCoupling(self.split, network)]


def _network(coupling: Coupling) -> nn.Sequential:
    """Convolution, activation, 1x1 convolution."""
    A, a, B, stencil = (
        torch.tensor(values, dtype=torch.float64)
        for values in (coupling.first, coupling.offset, coupling.second, coupling.stencil)
    )
    size = len(stencil)
    # skip_init: the weights are given, nothing is drawn.
    into = nn.utils.skip_init(nn.Conv2d, A.shape[1], len(A), size, padding=size // 2, dtype=torch.float64)
    out = nn.utils.skip_init(nn.Conv2d, len(A), len(B), 1, bias=False, dtype=torch.float64)
    into.weight.data, out.weight.data = A[:, :, None, None] * stencil, B[:, :, None, None].contiguous()
    assert into.bias is not None
    into.bias.data = a
    return nn.Sequential(into, ACTIVATIONS[coupling.activation](), out)
