"""An affine Glow as it is commonly written in plain PyTorch, for comparison: one module after the other, eagerly.

The same computation, layer by layer, as github.com/y0ast/Glow-PyTorch, which the community trains on CIFAR-10: actnorm,
1x1 convolution in LU form whose kernel is put together in every step, affine coupling with an actnorm after each hidden
convolution and ReLU, a learned prior of every part that is split off, and a Gaussian one of the rest.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Mapped = tuple[Tensor, Tensor]


class ActNorm(nn.Module):
    """Shift and scale every channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.logs = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("initialised", torch.tensor(False))

    def initialise(self, x: Tensor) -> None:
        """Give every channel of `x` zero mean and unit variance."""
        std, mean = torch.std_mean(x, dim=(0, 2, 3), keepdim=True, correction=0)
        self.bias.data.copy_(-mean)
        self.logs.data.copy_(-(std + 1e-6).log())

    def forward(self, x: Tensor) -> Mapped:
        """Return `y` and the log-determinant in nats."""
        log_det = self.logs.sum() * (x.shape[2] * x.shape[3])
        return (x + self.bias) * self.logs.exp(), log_det


class NormalisedConvolution(nn.Module):
    """Convolution without bias, then actnorm."""

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, size, padding=size // 2, bias=False)
        nn.init.normal_(self.conv.weight, std=0.05)
        self.actnorm = ActNorm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalise."""
        y: Tensor = self.actnorm(self.conv(x))[0]
        return y


class ZeroConvolution(nn.Module):
    """3x3 convolution that starts at zero, with a learned scale of each channel."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.logs = nn.Parameter(torch.zeros(channels_out, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and scale."""
        y: Tensor = self.conv(x) * (3 * self.logs).exp()
        return y


class ChannelMixing(nn.Module):
    """Invertible 1x1 convolution, ``P L (U + diag(s))``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        permutation, lower, upper = torch.linalg.lu(torch.linalg.qr(torch.randn(channels, channels)).Q)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", diagonal.sign())
        self.register_buffer("mask", torch.ones(channels, channels).tril(-1))
        self.register_buffer("eye", torch.eye(channels))
        self.lower, self.upper = nn.Parameter(lower), nn.Parameter(upper.triu(1))
        self.log_s = nn.Parameter(diagonal.abs().log())

    def forward(self, x: Tensor) -> Mapped:
        """Return `y` and the log-determinant in nats."""
        lower = self.lower * self.mask + self.eye
        upper = self.upper * self.mask.T + torch.diag(self.sign * self.log_s.exp())
        kernel = self.permutation @ (lower @ upper)
        return functional.conv2d(x, kernel[:, :, None, None]), self.log_s.sum() * (x.shape[2] * x.shape[3])


class Step(nn.Module):
    """Actnorm, 1x1 convolution, affine coupling."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.actnorm, self.mixing = ActNorm(channels), ChannelMixing(channels)
        self.network = nn.Sequential(
            NormalisedConvolution(channels // 2, width, 3),
            nn.ReLU(),
            NormalisedConvolution(width, width, 1),
            nn.ReLU(),
            ZeroConvolution(width, channels),
        )

    def forward(self, x: Tensor) -> Mapped:
        """Return `y` and the log-determinant of each image in nats."""
        x, of_actnorm = self.actnorm(x)
        x, of_mixing = self.mixing(x)
        read, changed = x.chunk(2, dim=1)
        h = self.network(read)
        shift, scale = h[:, 0::2], torch.sigmoid(h[:, 1::2] + 2)
        y = torch.cat((read, (changed + shift) * scale), dim=1)
        return y, of_actnorm + of_mixing + scale.log().sum((1, 2, 3))


class Split(nn.Module):
    """Log density of the second half of the channels, a Gaussian whose mean and scale the first half predicts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.network = ZeroConvolution(channels // 2, channels)

    def forward(self, x: Tensor) -> Mapped:
        """Return the half that is kept and the log density of the other in nats."""
        kept, given_away = x.chunk(2, dim=1)
        h = self.network(kept)
        return kept, gaussian(given_away, h[:, 0::2], h[:, 1::2])


class PlainAffineGlow(nn.Module):
    """The flow.

    Parameters
    ----------
    event_shape
        (C, H, W) of one image.
    levels, steps, width
        As of our Glow.
    seed
        Of the initial weights.
    """

    def __init__(self, event_shape: tuple[int, int, int], levels: int, steps: int, width: int, seed: int = 0) -> None:
        super().__init__()
        self.event_shape, self.dim = event_shape, math.prod(event_shape)
        layers: list[nn.Module] = []
        channels = event_shape[0]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for level in range(levels):
                channels *= 4
                layers += [nn.PixelUnshuffle(2), *(Step(channels, width) for _ in range(steps))]
                if level < levels - 1:
                    layers.append(Split(channels))
                    channels //= 2
        self.layers = nn.ModuleList(layers)

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p = x.new_zeros(len(x))
        for layer in self.layers:
            if isinstance(layer, nn.PixelUnshuffle):
                x = layer(x)
            else:
                x, added = layer(x)
                log_p = log_p + added
        return log_p + gaussian(x, torch.zeros_like(x), torch.zeros_like(x))

    @torch.no_grad()
    def initialise(self, x: Float[Tensor, "B C H W"]) -> None:
        """Give every channel of the first batch zero mean and unit variance after each actnorm."""
        norms = [module for module in self.modules() if isinstance(module, ActNorm)]
        hooks = [norm.register_forward_pre_hook(lambda module, inputs: module.initialise(inputs[0])) for norm in norms]
        self.log_prob(x)
        for hook in hooks:
            hook.remove()
        for norm in norms:
            norm.get_buffer("initialised").fill_(True)


def gaussian(x: Tensor, mean: Tensor, logs: Tensor) -> Float[Tensor, " B"]:
    """Log density of independent Gaussians in nats, summed over the entries of each event."""
    log_p = -0.5 * (2 * logs + (x - mean) ** 2 / (2 * logs).exp() + math.log(2 * math.pi))
    return log_p.sum((1, 2, 3))
