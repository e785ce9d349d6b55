"""The convolutional encoder and decoder of a variational autoencoder."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from experiments.models.activations import make_activation
from experiments.models.convolutions import in_own_precision, seeded_convolution, seeded_linear
from experiments.models.families.vae.bound import Posterior
from experiments.models.families.vae.config import VAEConfig, image_sizes

# Of the log scale where the encoder's last layer gives zero: the first posteriors are nearly the prior.
FIRST_SCALE_LOGIT = 2.0


class Encoder(nn.Module):
    """A convolution, halvings by convolutions of stride 2, and a linear map to mean and log scale of q(z|x)."""

    def __init__(self, event_shape: tuple[int, int, int], config: VAEConfig, generator: torch.Generator) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            seeded_convolution(event_shape[0], config.width, 3, generator, padding=1),
            make_activation(config.activation),
        ]
        channels = config.width
        for _ in range(config.levels):
            layers.append(seeded_convolution(channels, 2 * channels, 3, generator, stride=2, padding=1))
            layers.append(make_activation(config.activation))
            channels *= 2
        height, width = image_sizes(event_shape, config.levels)[-1]
        self.features = nn.Sequential(*layers)
        self.last = seeded_linear(channels * height * width, 2 * config.latents, generator, gain=0.1)

    def forward(self, y: Float[Tensor, "B C H W"]) -> Posterior:
        """Return q(z|x) for images on the scale [-1, 1]; no posterior is wider than the prior."""
        mean, scale_logit = in_own_precision(self.last, self.features(y).flatten(1)).chunk(2, dim=1)
        return Posterior(mean, functional.logsigmoid(scale_logit + FIRST_SCALE_LOGIT))


class Decoder(nn.Module):
    """A linear map, doublings, and a convolution to the parameters of every pixel.

    A doubling is a convolution to four times the channels, which become the four pixels of each (Shi et al. 2016, arXiv
    1609.05158). Transposed convolutions, which do the same, have no fast kernel in float64.
    """

    def __init__(
        self,
        event_shape: tuple[int, int, int],
        parameters: Float[Tensor, " P"],
        config: VAEConfig,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.sizes = image_sizes(event_shape, config.levels)
        channels = config.width * 2**config.levels
        self.first_shape = (channels, *self.sizes[-1])
        self.first = seeded_linear(config.latents, channels * self.sizes[-1][0] * self.sizes[-1][1], generator)
        self.activations = nn.ModuleList(make_activation(config.activation) for _ in range(config.levels + 2))
        self.doublings = nn.ModuleList(
            seeded_convolution(channels // 2**level, 4 * channels // 2 ** (level + 1), 3, generator, padding=1)
            for level in range(config.levels)
        )
        self.mixing = seeded_convolution(config.width, config.width, 3, generator, padding=1)
        self.last = seeded_convolution(config.width, len(parameters), 1, generator, gain=0.1)
        with torch.no_grad():
            self.last.bias.copy_(parameters)  # type: ignore[union-attr]

    def forward(self, z: Float[Tensor, "B L"]) -> Float[Tensor, "B P H W"]:
        """Return the parameters of every pixel given z."""
        first, *others, last = self.activations
        u = first(self.first(z).unflatten(1, self.first_shape))
        for doubling, activation, (height, width) in zip(self.doublings, others, self.sizes[-2::-1], strict=True):
            u = activation(functional.pixel_shuffle(doubling(u), 2)[..., :height, :width])
        return in_own_precision(self.last, last(self.mixing(u)))
