"""Settings, description and size of a NICE. This module does not import torch."""

from dataclasses import dataclass
from math import prod
from typing import Annotated, Literal, get_args

from curvature.errors import ShapeError
from curvature.names import require_known
from experiments.models.config import ActivationName, ModelConfig, volume_fact
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges

PriorName = Literal["gaussian", "logistic"]


@dataclass(frozen=True)
class NICEConfig(ModelConfig):
    """Sizes and choices of a NICE.

    Raises
    ------
    ConfigError
        A size lies outside its range.
    UnknownNameError
        A prior or an activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["nice"] = "nice"
    """The model's family; each family has its own options."""

    couplings: Annotated[int, Range(1, 1000)] = 4
    """Additive couplings; odd and even pixels change each other by turns."""

    width: Annotated[int, Range(1, 65_536)] = 256
    """Hidden units of each layer of a coupling's network."""

    depth: Annotated[int, Range(1, 100)] = 2
    """Hidden layers of a coupling's network."""

    activation: ActivationName = "silu"
    """Activation of the networks; all but relu are smooth."""

    prior: PriorName = "gaussian"
    """Density of each latent: N(0, 1), or the standard logistic density."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        for name, names in (("activation", get_args(ActivationName)), ("prior", get_args(PriorName))):
            require_known(name, getattr(self, name), names)


def describe(config: NICEConfig) -> ModelDescription:
    """Describe a NICE."""
    logistic = "-logistic" * (config.prior == "logistic")
    return ModelDescription(
        label=f"nice-{config.couplings}-{config.depth}x{config.width}-{config.activation}{logistic}",
        name="A NICE",
        summary="A small flow of fully connected additive couplings",
        facts=(
            f"{config.couplings} additive couplings between even and odd pixels, each a fully connected network of "
            f"{config.depth} hidden layers of {config.width} units with {config.activation}; then a shift and a scale "
            "for every dimension.",
            f"Prior: {config.prior}, independent and fixed. {volume_fact('additive')}",
        ),
        limits="Published NICEs have four or five hidden layers of 1000 units and more.",
        citation="L. Dinh, D. Krueger, Y. Bengio, NICE: Non-linear Independent Components Estimation, ICLR 2015 "
        "workshop, arXiv 1410.8516",
    )


def partition(event_shape: EventShape) -> tuple[int, int]:
    """How many pixels stand at even and at odd places of the flattened image.

    Raises
    ------
    ShapeError
        If there is only one.
    """
    dim = prod(event_shape)
    if dim < 2:
        raise ShapeError(f"a NICE couples two parts of an image, and one of shape {tuple(event_shape)} is {dim} number")
    return (dim + 1) // 2, dim // 2


def size(config: NICEConfig, event_shape: EventShape) -> ModelSize:
    """Count the weights of a NICE, and the numbers that autograd keeps of its layers' inputs and outputs.

    Raises
    ------
    ShapeError
        If it does not take images of that shape.
    """
    even, odd = partition(event_shape)
    hidden = (config.depth - 1) * (config.width + 1) * config.width
    parameters = 2 * (even + odd)
    for coupling in range(config.couplings):
        read, changed = (even, odd) if coupling % 2 == 0 else (odd, even)
        parameters += (read + 1) * config.width + hidden + (config.width + 1) * changed
    activations = 3 * (even + odd) + config.couplings * (even + odd + 2 * config.depth * config.width)
    return ModelSize(parameters, activations)


FAMILY = Family(NICEConfig, "experiments.models.families.nice.flow:NICE", describe, size=size)
