"""A multi-scale image flow with random weights, written apart from the toolkit's models, and moments to go with it."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from curvature import Moments
from curvature.closed_form.channel_mixing import Mixing
from curvature.errors import RouteError
from curvature.hessian.layered.convolutions import Convolution, PixelwiseMap
from curvature.hessian.layered.elementwise import CLOSED_FORMS
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Activation, AdditiveCoupling, FactorOut, Squeeze
from tests.curvature.densities import randn

ACTIVATIONS = ("silu", "softplus", "tanh", "gelu", "mish", "relu")
MODULES = {
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "relu": nn.ReLU,
}


class Prior(nn.Module):
    def __init__(self, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64))


class Step(nn.Module):
    """``y = W (s x + b)`` for the channels of every pixel, then the second half shifted by a network of the first."""

    def __init__(self, channels: int, width: int, activation: str) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.linalg.qr(torch.randn(channels, channels)).Q)
        self.log_scale, self.shift = nn.Parameter(torch.zeros(channels)), nn.Parameter(torch.zeros(channels))
        half = channels // 2
        self.network = nn.Sequential(
            nn.Conv2d(half, width, 3, padding=1),
            MODULES[activation](),
            nn.Conv2d(width, width, 1),
            MODULES[activation](),
            nn.Conv2d(width, channels - half, 3, padding=1),
        )

    def affine(self) -> tuple[Tensor, Tensor]:
        return self.kernel * self.log_scale.exp(), self.kernel @ self.shift

    def forward(self, x: Tensor) -> Tensor:
        W, b = self.affine()
        y = functional.conv2d(x, W[:, :, None, None], b)
        half = y.shape[1] // 2
        return torch.cat([y[:, :half], y[:, half:] + self.network(y[:, :half])], 1)

    def log_det_per_pixel(self) -> Tensor:
        return torch.linalg.slogdet(self.kernel).logabsdet + self.log_scale.sum()

    def layers(self, level: int, step: int) -> list:
        W, b = self.affine()
        network, activations = [], 0
        for index, module in enumerate(self.network):
            if isinstance(module, nn.Conv2d):
                network.append(Convolution.of(module, f"network.{index}"))
            elif type(module) in CLOSED_FORMS:
                network.append(Activation.at(module, level, step, activations))
                activations += 1
            else:
                raise RouteError(f"network.{index}: got {type(module).__name__}")
        return [PixelwiseMap(W, b[:, None, None]), AdditiveCoupling(len(b) // 2, tuple(network))]


class ImageFlow(nn.Module):
    """Squeezes, steps, and half of the channels given to the latents after every level but the last."""

    def __init__(self, event_shape, levels: int, steps: int, width: int, activation: str, prior_scale: float) -> None:
        super().__init__()
        self.event_shape, self.prior = event_shape, Prior(prior_scale)
        channels = [event_shape[0] * 4 * 2**level for level in range(levels)]
        self.levels = nn.ModuleList(nn.ModuleList(Step(c, width, activation) for _ in range(steps)) for c in channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        parts, log_det = [], x.new_zeros(())
        for level, steps in enumerate(self.levels):
            x = functional.pixel_unshuffle(x, 2)
            for step in steps:
                x = step(x)
                log_det = log_det + step.log_det_per_pixel() * x.shape[2] * x.shape[3]
            if level < len(self.levels) - 1:
                x, given_away = x.chunk(2, 1)
                parts.append(given_away)
        z = torch.cat([part.flatten(1) for part in (*parts, x)], 1)
        return z, log_det.expand(len(z))

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self(x)
        scale = self.prior.scale.to(z)
        volume = z.shape[1] * (scale.log() + 0.5 * math.log(2 * math.pi))
        return -0.5 * (z / scale).square().sum(1) - volume + log_det

    def channel_mixings(self) -> list[Mixing]:
        return [
            Mixing(level, k, step.kernel.detach(), step.log_scale.detach().exp())
            for level, steps in enumerate(self.levels)
            for k, step in enumerate(steps)
        ]

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        layers, last = [], len(self.levels) - 1
        for level, steps in enumerate(self.levels):
            layers.append(Squeeze())
            for k, step in enumerate(steps):
                layers += step.layers(level, k)
            if level < last:
                layers.append(FactorOut(2 * self.event_shape[0] * 2**level))
        log_det = float(self(torch.zeros(1, *self.event_shape).to(self.prior.scale))[1])
        return LayeredFlow(self.event_shape, tuple(layers), float(self.prior.scale), log_det)


def random_image_flow(
    event_shape: tuple[int, int, int],
    levels: int = 2,
    steps: int = 2,
    width: int = 8,
    activation: str = "silu",
    prior_scale: float = 1.0,
    seed: int = 0,
) -> ImageFlow:
    """Double precision, evaluation mode, every parameter far from zero, so that nothing vanishes by accident."""
    model = ImageFlow(event_shape, levels, steps, width, activation, prior_scale).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            if parameter.ndim == 4:
                parameter.copy_(1.5 * noise / math.sqrt(parameter[0].numel()))
            elif name.endswith("kernel"):
                parameter.copy_(torch.linalg.qr(noise).Q + 0.1 * noise)
            else:
                parameter.copy_(0.2 * noise)
    return model.eval().requires_grad_(False)


def moments_of(shape: tuple[int, ...], rank: int, seed: int = 0) -> Moments:
    """A mean near 1/2 and a covariance of that rank."""
    dim = math.prod(shape)
    return Moments(0.5 + 0.2 * randn(*shape, seed=seed), randn(dim, rank, seed=seed + 1) / math.sqrt(dim), count=9)
