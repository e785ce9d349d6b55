"""Toy flows: small constant-volume flows made of plain numbers, so that a counterexample is code that can be run."""

import math
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.claims.engine.drawing.flow_numbers import Coupling, FlowNumbers, Level, Step
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

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}


class ToyFlow(nn.Module):
    """The flow of these numbers, in float64: ``log_prob`` in plain torch, and a description of its layers.

    ``repr(flow)`` is Python code that makes the same flow again.

    Parameters
    ----------
    numbers
        What it is made of.
    """

    def __init__(self, numbers: FlowNumbers) -> None:
        super().__init__()
        self.numbers = numbers
        self.levels = nn.ModuleList(ToyLevel(level) for level in numbers.levels)
        self.log_det = sum(
            float(step.log_det) * height * width
            for level, (_, height, width) in zip(self._levels(), numbers.level_shapes(), strict=True)
            for step in level.steps()
        )
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
        for index, level in enumerate(self.levels):
            if index:
                half = x.shape[1] // 2
                x, leaving = x[:, :half], x[:, half:]
                parts.append(leaving.flatten(1))
            x = level(x)
        z = torch.cat([*parts, x.flatten(1)], 1)
        return z, z.new_tensor(self.log_det).expand(len(z))

    def inverse(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B C H W"]:
        """Return the events with these latents."""
        *leaving, last = self.numbers.level_shapes()
        shapes = [*((C - C // 2, H, W) for C, H, W in leaving), last]
        *parts, x = (
            part.reshape(-1, *shape)
            for part, shape in zip(z.split([math.prod(s) for s in shapes], 1), shapes, strict=True)
        )
        for level in reversed(self._levels()):
            x = level.inverse(x)
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

    def jacobian(self, x0: Float[Tensor, "C H W"]) -> Float[Tensor, "D D"]:
        """J of the latents at a point, by reverse mode."""
        J = torch.autograd.functional.jacobian(lambda x: self(x[None])[0][0], x0)
        return J.reshape(self.dim, self.dim)

    def channel_mixings(self) -> list[Mixing]:
        """Return the 1x1 kernels, for the closed forms."""
        return [
            Mixing(index, number, step.kernel, torch.ones_like(step.bias))
            for index, level in enumerate(self._levels())
            for number, step in enumerate(level.steps())
        ]

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers, for the routes `adjoint` and `jet`."""
        layers: list[Layer] = []
        for index, level in enumerate(self._levels()):
            if index:
                channels = self.numbers.level_shapes()[index - 1][0]
                layers.append(FactorOut(channels // 2))
            if level.squeeze:
                layers.append(Squeeze())
            for number, step in enumerate(level.steps()):
                layers += step.layers(index, number)
        return LayeredFlow(self.event_shape, tuple(layers), self.numbers.prior_scale, self.log_det)

    def __repr__(self) -> str:
        return f"ToyFlow({self.numbers!r})"

    def _levels(self) -> list["ToyLevel"]:
        return [cast(ToyLevel, level) for level in self.levels]


class ToyLevel(nn.Sequential):
    """The steps of one level as a module, after a squeeze if there is one."""

    def __init__(self, level: Level) -> None:
        super().__init__(*map(ToyStep, level.steps))
        self.squeeze = level.squeeze

    def steps(self) -> list["ToyStep"]:
        """The steps, first to last."""
        return [cast(ToyStep, step) for step in self]

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C2 H2 W2"]:
        """Squeeze, then take the steps."""
        return super().forward(functional.pixel_unshuffle(x, 2) if self.squeeze else x)

    def inverse(self, y: Float[Tensor, "B C2 H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Undo the steps, then the squeeze."""
        for step in reversed(self.steps()):
            y = step.inverse(y)
        return functional.pixel_shuffle(y, 2) if self.squeeze else y


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
