"""Settings, description and size of a variational autoencoder. This module does not import torch."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, get_args

from curvature.names import require_known
from experiments.models.config import ActivationName, ModelConfig
from experiments.models.mixture_parameters import parameters_per_pixel
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges


@dataclass(frozen=True)
class VAEConfig(ModelConfig):
    """Sizes and choices of a variational autoencoder.

    Raises
    ------
    ConfigError
        A size lies outside its range.
    UnknownNameError
        An activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["vae"] = "vae"
    """The model's family; each family has its own options."""

    latents: Annotated[int, Range(1, 65_536)] = 32
    """Dimensions of the latent variable z."""

    levels: Annotated[int, Range(0, 8)] = 2
    """How often the encoder halves height and width, rounding up, and doubles the channels."""

    width: Annotated[int, Range(1, 65_536)] = 16
    """Channels next to the image."""

    components: Annotated[int, Range(1, 1000)] = 3
    """Discretised logistic distributions in the mixture of every pixel given z."""

    draws: Annotated[int, Range(2, 100_000)] = 16
    """Frozen draws K of the importance-weighted bound that stands for log p; the cost of log p grows with them."""

    training_draws: Annotated[int, Range(1, 10_000)] = 1
    """Draws of the bound that training maximises, new ones in every step; one gives the evidence lower bound."""

    activation: ActivationName = "silu"
    """Activation of both networks; all but relu are smooth."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        require_known("activation", self.activation, get_args(ActivationName))


def describe(config: VAEConfig) -> ModelDescription:
    """Describe a variational autoencoder."""
    return ModelDescription(
        label=f"vae-z{config.latents}-{config.levels}-w{config.width}-k{config.draws}-{config.activation}",
        name="A variational autoencoder",
        summary="A small convolutional variational autoencoder with a discretised logistic mixture",
        facts=(
            f"{config.latents} latents; encoder and decoder halve and double the image {config.levels} times, with "
            f"{config.width} channels next to it. Every pixel given z has a mixture of {config.components} discretised "
            "logistic distributions: log p is the log of a probability, and no 8 bits/dim are added.",
            f"log p is its importance-weighted bound with {config.draws} frozen draws; training maximises the bound "
            f"with {config.training_draws}.",
        ),
        limits="Published models are larger, and the bound lies below the model's log p by an unknown amount.",
        citation="D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, ICLR 2014, arXiv 1312.6114; "
        "Y. Burda et al., Importance Weighted Autoencoders, ICLR 2016, arXiv 1509.00519",
    )


def image_sizes(event_shape: EventShape, levels: int) -> list[tuple[int, int]]:
    """Height and width at every level, next to the image first; each half of the one before, rounded up.

    >>> image_sizes((1, 28, 5), 2)
    [(28, 5), (14, 3), (7, 2)]
    """
    sizes = [event_shape[1:]]
    for _ in range(levels):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes


def size(config: VAEConfig, event_shape: EventShape) -> ModelSize:
    """Count the weights, and the numbers that autograd keeps for the gradient of the bound in training."""
    outputs = parameters_per_pixel(event_shape[0], config.components)
    sizes = image_sizes(event_shape, config.levels)
    widths = [config.width * 2**level for level in range(config.levels + 1)]
    pixels = [height * width for height, width in sizes]
    middle = widths[-1] * pixels[-1]
    parameters = (9 * event_shape[0] + 1) * config.width + (middle + 1) * 2 * config.latents
    parameters += (config.latents + 1) * middle + (9 * config.width + 1) * config.width + (config.width + 1) * outputs
    for narrow, wide in pairwise(widths):
        parameters += (9 * narrow + 1) * wide + (9 * wide + 1) * 4 * narrow
    features = sum(channels * count for channels, count in zip(widths, pixels, strict=True))
    decoded = 2 * features + pixels[0] * (2 * config.width + 9 * outputs)
    return ModelSize(parameters, 2 * features + config.training_draws * decoded)


FAMILY = Family(VAEConfig, "experiments.models.families.vae.model:VAE", describe, size=size)
