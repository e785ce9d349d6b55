"""Settings, plan, description and size of a RealNVP. This module does not import torch."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from curvature.names import require_known
from experiments.models.config import NUMBERS_PER_CHANNEL, ActivationName, CouplingName, ModelConfig, volume_fact
from experiments.models.levels import fitted_levels, require_divisible
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges

CouplingMask = Literal["checkerboard", "channel", "horizontal", "cycle"]
MaskName = Literal["realnvp", "checkerboard", "channel", "horizontal", "cycle"]
FAR: tuple[CouplingMask, ...] = ("horizontal", "cycle")
"""Masks under which a pixel is changed by pixels as far away as the image is large."""

SEEN = {
    "realnvp": "a checkerboard, then half of the channels of 2x2 blocks",
    "checkerboard": "a checkerboard",
    "channel": "half of the channels of 2x2 blocks",
    "horizontal": "half of the rows (top or bottom)",
    "cycle": "the quarter before the one that is changed, clockwise",
}


@dataclass(frozen=True)
class RealNVPConfig(ModelConfig):
    """Sizes and choices of a RealNVP.

    Raises
    ------
    ConfigError
        A size lies outside its range.
    UnknownNameError
        A mask, a coupling or an activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["realnvp"] = "realnvp"
    """The model's family; each family has its own options."""

    mask: MaskName = "realnvp"
    """What couplings see: checkerboard and channels by turns as published, or one mask alone."""

    coupling: CouplingName = "affine"
    """Kind of coupling: affine ones are RealNVP's own, additive ones keep the volume constant."""

    levels: Annotated[int, Range(1, 8)] = 2
    """Scales: between two of them height and width are halved; both must be divisible by 2^levels."""

    couplings: Annotated[int, Range(1, 1000)] = 4
    """Couplings of each mask in each level; a cycle takes four to come round."""

    width: Annotated[int, Range(1, 65_536)] = 32
    """Channels of the residual networks."""

    blocks: Annotated[int, Range(1, 100)] = 2
    """Residual blocks of each network; horizontal and cycle take more where it cannot see the whole image otherwise."""

    activation: ActivationName = "silu"
    """Activation of the networks; all but relu are smooth."""

    learn_prior_scale: bool = False
    """Learn the prior's one standard deviation sigma_psi, shared by all latents, instead of fixing it to 1."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        choices = {"mask": MaskName, "coupling": CouplingName, "activation": ActivationName}
        for name, names in choices.items():
            require_known(name, getattr(self, name), get_args(names))


@dataclass(frozen=True)
class Stage:
    """Couplings of one mask on images of one shape, or a squeeze to images of that shape.

    Attributes
    ----------
    mask
        The mask; None for a squeeze.
    shape
        Channels, height and width.
    """

    mask: CouplingMask | None
    shape: EventShape


def plan(config: RealNVPConfig, event_shape: EventShape) -> list[list[Stage]]:
    """The stages of every level: couplings on the image, then a squeeze and couplings on channels.

    The last level has neither of the latter (Dinh et al. 2017, section 3.6), unless all couplings are on channels.

    Raises
    ------
    ShapeError
        If a RealNVP of these settings does not take images of that shape.
    """
    require_divisible(event_shape, config.levels)
    levels, shape = [], event_shape
    for level in range(config.levels):
        on_image: CouplingMask = "checkerboard" if config.mask == "realnvp" else config.mask
        stages = [] if on_image == "channel" else [Stage(on_image, shape)]
        if level < config.levels - 1 or on_image == "channel":
            channels, height, width = shape
            shape = 4 * channels, height // 2, width // 2
            stages.append(Stage(None, shape))
            if config.mask in ("realnvp", "channel"):
                stages.append(Stage("channel", shape))
        levels.append(stages)
        shape = shape[0] // 2, *shape[1:]
    return levels


def dilations(config: RealNVPConfig, stage: Stage) -> tuple[int, ...]:
    """Dilation of each residual block of a coupling's network.

    >>> dilations(RealNVPConfig(), Stage("checkerboard", (3, 8, 8)))
    (1, 1)
    >>> dilations(RealNVPConfig(), Stage("horizontal", (3, 8, 8)))
    (1, 2, 4)
    """
    if stage.mask not in FAR:
        return (1,) * config.blocks
    needed = 1
    # The first and the last convolution reach one pixel each, and blocks of dilations 1, 2, 4, ... add up to 2^n - 1.
    while 2 + 2**needed - 1 < max(stage.shape[1:]) - 1:
        needed += 1
    return tuple(2 ** (block % needed) for block in range(max(config.blocks, needed)))


def describe(config: RealNVPConfig) -> ModelDescription:
    """Describe a RealNVP."""
    scale = "learned" if config.learn_prior_scale else "fixed to 1"
    sizes = f"{config.levels}x{config.couplings}-w{config.width}"
    is_constant = config.coupling == "additive"
    return ModelDescription(
        label=f"realnvp-{config.mask}-{config.coupling}-{sizes}-{config.activation}",
        name="A constant-volume RealNVP" if is_constant else "A RealNVP",
        summary=f"A small flow with {config.coupling} couplings on masked images",
        facts=(
            f"{config.levels} levels of {config.couplings} {config.coupling} couplings for each mask, with actnorm "
            f"before each. A coupling sees {SEEN[config.mask]}, by a residual network of width {config.width} with "
            f"{config.activation}.",
            f"Prior: Gaussian, one standard deviation for all latents, {scale}. {volume_fact(config.coupling)}",
        ),
        limits="Published RealNVPs have batch normalisation, and wider and deeper networks trained for far more steps.",
        citation="L. Dinh, J. Sohl-Dickstein, S. Bengio, Density estimation using Real NVP, ICLR 2017, arXiv 1605.08803"
        + "; P. Kirichenko, P. Izmailov, A. G. Wilson, NeurIPS 2020, arXiv 2006.08545"
        * (config.mask not in ("realnvp", "channel")),
    )


def fit(config: RealNVPConfig, event_shape: EventShape) -> RealNVPConfig:
    """Take away the levels for which images of that shape cannot be halved often enough.

    Raises
    ------
    ShapeError
        If they cannot be halved once.
    """
    return replace(config, levels=fitted_levels(config.levels, event_shape, "a RealNVP"))


def size(config: RealNVPConfig, event_shape: EventShape) -> ModelSize:
    """Count the weights of a RealNVP, and the numbers that autograd keeps of its layers' inputs and outputs.

    Raises
    ------
    ShapeError
        If it does not take images of that shape.
    """
    parameters, activations = int(config.learn_prior_scale), 0
    hidden = config.width
    for stage in (stage for level in plan(config, event_shape) for stage in level if stage.mask):
        channels, height, width = stage.shape
        read = channels // 2 if stage.mask == "channel" else channels
        outputs, blocks = read * NUMBERS_PER_CHANNEL[config.coupling], len(dilations(config, stage))
        block = (9 * hidden + 1) * hidden + (hidden + 1) * hidden
        network = (9 * read + 1) * hidden + blocks * block + (9 * hidden + 1) * outputs
        parameters += config.couplings * (2 * channels + network)
        activations += config.couplings * height * width * (4 * channels + outputs + (4 * blocks + 2) * hidden)
    return ModelSize(parameters, activations)


FAMILY = Family(RealNVPConfig, "experiments.models.families.realnvp.flow:RealNVP", describe, fit, size)
