"""Settings, description and size of a Glow. This module does not import torch."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from curvature.names import require_known
from experiments.models.config import NUMBERS_PER_CHANNEL, ActivationName, CouplingName, ModelConfig, volume_fact
from experiments.models.levels import fitted_levels, require_divisible
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges


@dataclass(frozen=True)
class GlowConfig(ModelConfig):
    """Sizes and choices of a Glow.

    Raises
    ------
    ConfigError
        A size lies outside its range.
    UnknownNameError
        A coupling or an activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["glow"] = "glow"
    """The model's family; each family has its own options."""

    levels: Annotated[int, Range(1, 8)] = 2
    """Scales: each level halves height and width; both must be divisible by 2^levels."""

    steps: Annotated[int, Range(1, 1000)] = 6
    """Flow steps (actnorm, invertible 1x1 convolution, coupling) in each level."""

    width: Annotated[int, Range(1, 65_536)] = 32
    """Hidden channels of every coupling network."""

    coupling: CouplingName = "additive"
    """Kind of coupling: additive ones keep the volume constant, affine ones are Glow's own."""

    activation: ActivationName = "silu"
    """Activation of the coupling networks; all but relu are smooth."""

    learn_prior_scale: bool = False
    """Learn the prior's one standard deviation sigma_psi, shared by all latents, instead of fixing it to 1."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        for name, names in (("coupling", get_args(CouplingName)), ("activation", get_args(ActivationName))):
            require_known(name, getattr(self, name), names)


def describe(config: GlowConfig) -> ModelDescription:
    """Describe a Glow."""
    scale = "learned" if config.learn_prior_scale else "fixed to 1"
    unlike = "affine couplings" if config.coupling == "additive" else "a prior that is learned at every level"
    sizes = f"{config.levels}x{config.steps}-w{config.width}"
    return ModelDescription(
        label=f"glow-{config.coupling}-{sizes}-{config.activation}",
        name="A constant-volume Glow" if config.coupling == "additive" else "A Glow",
        summary=f"A small flow with {config.coupling} couplings",
        facts=(
            f"{config.levels} levels x {config.steps} steps; each step is actnorm, an invertible 1x1 convolution and "
            f"an {config.coupling} coupling of width {config.width} with {config.activation}.",
            f"Prior: Gaussian, one standard deviation for all latents, {scale}. {volume_fact(config.coupling)}",
        ),
        limits=f"Published Glows have {unlike} and wider networks, and were trained for far more steps.",
        citation="D. P. Kingma, P. Dhariwal, Glow, NeurIPS 2018, arXiv 1807.03039",
    )


def fit(config: GlowConfig, event_shape: EventShape) -> GlowConfig:
    """Take away the levels for which images of that shape cannot be halved often enough.

    Raises
    ------
    ShapeError
        If they cannot be halved once.
    """
    return replace(config, levels=fitted_levels(config.levels, event_shape, "a Glow"))


def size(config: GlowConfig, event_shape: EventShape) -> ModelSize:
    """Count the weights of a Glow, and the numbers that autograd keeps of its layers' inputs and outputs.

    Raises
    ------
    ShapeError
        If it does not take images of that shape.
    """
    require_divisible(event_shape, config.levels)
    channels, height, width = event_shape
    parameters, activations = int(config.learn_prior_scale), 0
    for _ in range(config.levels):
        channels, height, width = 4 * channels, height // 2, width // 2
        read, hidden = channels // 2, config.width
        outputs = (channels - read) * NUMBERS_PER_CHANNEL[config.coupling]
        mixing = channels * channels + 2 * channels
        network = (9 * read + 1) * hidden + (hidden + 1) * hidden + (9 * hidden + 1) * outputs
        parameters += config.steps * (mixing + network)
        activations += config.steps * height * width * (3 * channels + 4 * hidden)
        channels //= 2
    return ModelSize(parameters, activations)


FAMILY = Family(GlowConfig, "experiments.models.families.glow.flow:Glow", describe, fit, size)
