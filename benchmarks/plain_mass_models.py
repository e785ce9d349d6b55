"""PixelCNN and VAE as one writes them in plain PyTorch, with the layers of ours, for comparison."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from experiments.models.families.pixelcnn.config import PixelCNNConfig
from experiments.models.families.vae.config import VAEConfig
from experiments.models.mixture_parameters import parameters_per_pixel


def mixture_log_mass(parameters: Tensor, x: Tensor, components: int) -> Tensor:
    """The loss of PixelCNN++ as its public implementations have it: edge cells by `where`, scales by `clamp`."""
    batch, channels, height, width = x.shape
    y = 2 * x - 1
    parameters = parameters.reshape(batch, components, -1, height, width)
    logits, means = parameters[:, :, 0], parameters[:, :, 1 : 1 + channels]
    log_scales = parameters[:, :, 1 + channels : 1 + 2 * channels].clamp(min=-7)
    if channels == 3:
        slopes = parameters[:, :, 7:10].tanh()
        red, green = y[:, None, 0], y[:, None, 1]
        green_mean = means[:, :, 1] + slopes[:, :, 0] * red
        blue_mean = means[:, :, 2] + slopes[:, :, 1] * red + slopes[:, :, 2] * green
        means = torch.stack([means[:, :, 0], green_mean, blue_mean], 2)
    centred, inverse = y[:, None] - means, torch.exp(-log_scales)
    plus, minus, middle = (inverse * (centred + shift) for shift in (1 / 255, -1 / 255, 0.0))
    difference = torch.sigmoid(plus) - torch.sigmoid(minus)
    density = middle - log_scales - 2 * functional.softplus(middle) - math.log(127.5)
    inner = torch.where(difference > 1e-5, difference.clamp(min=1e-12).log(), density)
    low, high = plus - functional.softplus(plus), -functional.softplus(minus)
    edges = torch.where(y[:, None] < -0.999, low, torch.where(y[:, None] > 0.999, high, inner))
    return torch.logsumexp(edges.sum(2) + logits.log_softmax(1), 1).sum((1, 2))


class PlainPixelCNN(nn.Module):
    """Two stacks of padded convolutions whose outputs are cropped."""

    def __init__(self, event_shape: tuple[int, int, int], config: PixelCNNConfig) -> None:
        super().__init__()
        self.config, self.dim, width = config, math.prod(event_shape), config.width
        sizes = [config.first_kernel, *[config.kernel] * (config.layers - 1)]
        reads = [event_shape[0] + 1, *[width] * (config.layers - 1)]
        self.vertical, self.horizontal, self.link, self.out = (nn.ModuleList() for _ in range(4))
        for index, (read, size) in enumerate(zip(reads, sizes, strict=True)):
            reach, taps = size // 2, size // 2 + (index > 0)
            self.vertical.append(nn.Conv2d(read, 2 * width, (reach + 1, size), padding=(reach, reach)))
            self.horizontal.append(nn.Conv2d(read, 2 * width, (1, taps), padding=(0, reach)))
            self.link.append(nn.Conv2d(2 * width, 2 * width, 1))
            self.out.append(nn.Conv2d(width, width, 1))
        outputs = parameters_per_pixel(event_shape[0], config.components)
        self.head = nn.Sequential(nn.SiLU(), nn.Conv2d(width, width, 1), nn.SiLU(), nn.Conv2d(width, outputs, 1))

    def training_objective(self, x: Tensor, noise: Tensor) -> Tensor:
        """Return log p in nats."""
        height, width = x.shape[2:]
        v = h = torch.cat([2 * x - 1, torch.ones_like(x[:, :1])], 1)
        layers = zip(self.vertical, self.horizontal, self.link, self.out, strict=True)
        for index, (vertical, horizontal, link, out) in enumerate(layers):
            above = vertical(v)[:, :, :height]
            shifted = functional.pad(above[:, :, :-1], (0, 0, 1, 0))
            own = horizontal(h)[:, :, :, :width] + link(shifted)
            v, gated = (torch.tanh(a) * torch.sigmoid(b) for a, b in (above.chunk(2, 1), own.chunk(2, 1)))
            h = h + out(gated) if index else out(gated)
        return mixture_log_mass(self.head(h), x, self.config.components)


class PlainVAE(nn.Module):
    """Encoder and decoder in sequence, and the evidence lower bound with one draw."""

    def __init__(self, event_shape: tuple[int, int, int], config: VAEConfig) -> None:
        super().__init__()
        self.config, self.dim, width = config, math.prod(event_shape), config.width
        side = event_shape[1] // 2**config.levels
        wide = width * 2**config.levels
        encoder: list[nn.Module] = [nn.Conv2d(event_shape[0], width, 3, padding=1), nn.SiLU()]
        decoder: list[nn.Module] = [
            nn.Linear(config.latents, wide * side**2),
            nn.Unflatten(1, (wide, side, side)),
            nn.SiLU(),
        ]
        for level in range(config.levels):
            narrow = width * 2**level
            encoder += [nn.Conv2d(narrow, 2 * narrow, 3, stride=2, padding=1), nn.SiLU()]
            from_ = wide // 2**level
            decoder += [nn.Conv2d(from_, 2 * from_, 3, padding=1), nn.PixelShuffle(2), nn.SiLU()]
        outputs = parameters_per_pixel(event_shape[0], config.components)
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(wide * side**2, 2 * config.latents))
        self.decoder = nn.Sequential(
            *decoder, nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, outputs, 1)
        )

    def training_objective(self, x: Tensor, noise: Tensor) -> Tensor:
        """Return the evidence lower bound in nats."""
        mean, log_scale = self.encoder(2 * x - 1).chunk(2, 1)
        z = mean + log_scale.exp() * noise
        prior_over_posterior = (noise.square() - z.square()).sum(1) / 2 + log_scale.sum(1)
        return mixture_log_mass(self.decoder(z), x, self.config.components) + prior_over_posterior
