"""The registry of model families: their settings, builders, descriptions and sizes by name.

A family is a module or package in `experiments/models/families` that defines a `FAMILY`; no other module names it.
Models are imported when the first one is built: importing torch takes seconds, and a command line must answer at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from curvature.discovery import discover
from curvature.names import require_known
from experiments.memory import FLOAT32, require_memory
from experiments.models.config import ModelConfig
from experiments.storage.serialisation import read_by_kind

if TYPE_CHECKING:
    from experiments.models.density import DensityModel

PACKAGE = "experiments.models.families"
DEFAULT_KIND = "glow"
"""The family of configurations that name none, such as those of older versions."""

EventShape = tuple[int, int, int]


@dataclass(frozen=True)
class ModelDescription:
    """A description of a model for people."""

    label: str
    """Name of the architecture, as tables show it."""
    name: str
    """Name of the family at the beginning of a sentence, with its article: "A constant-volume Glow"."""
    summary: str
    """What it is in a few words, at the beginning of a sentence: "A small flow with additive couplings"."""
    facts: tuple[str, ...]
    """Sentences on what it is made of."""
    limits: str
    """Sentence on what sets it apart from the best of its kind."""
    citation: str
    """Where the architecture was published."""


@dataclass(frozen=True)
class ModelSize:
    """How much a model holds, for estimates of memory."""

    parameters: int
    """Numbers that are trained."""
    activations: int
    """Numbers that the gradient of one image's training objective keeps."""


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Attributes
    ----------
    config
        The dataclass of its settings. The default of its field `kind` is the family's name.
    builder
        ``module:callable`` that makes a model from image shape, settings and the seed of the initial weights.
    describe
        Describes a model of these settings.
    fit
        Settings nearest to the given ones that suit images of a shape; the given ones unless a family says otherwise.
    size
        Estimates the size of a model for images of a shape, or raises a ShapeError if the settings do not suit it.
        Without it, neither a lack of memory nor an unsuitable shape is told before the model is built.
    """

    config: type[Any]
    builder: str
    describe: Callable[[Any], ModelDescription]
    fit: Callable[[Any, EventShape], Any] = lambda config, event_shape: config
    size: Callable[[Any, EventShape], ModelSize] = lambda config, event_shape: ModelSize(0, 0)

    @property
    def kind(self) -> str:
        """The family's name."""
        return str(self.config.kind)


@cache
def families() -> Mapping[str, Family]:
    """Every family by its name."""
    found: list[Family] = discover(PACKAGE, "FAMILY")
    return {family.kind: family for family in found}


def family(kind: str) -> Family:
    """The family of that name.

    Raises
    ------
    UnknownNameError
        If there is none; the message suggests the nearest name.
    """
    require_known("model kind", kind, families())
    return families()[kind]


def configuration(kind: str = DEFAULT_KIND, **settings: Any) -> ModelConfig:
    """Settings of a model of a family; what is not given takes its default.

    Raises
    ------
    UnknownNameError
        If there is no such family.
    ConfigError
        If a setting lies outside its range.
    """
    config: ModelConfig = family(kind).config(**settings)
    return config


def build(config: ModelConfig, event_shape: EventShape, seed: int = 0) -> "DensityModel":
    """Build the model of these settings for images of a shape.

    Parameters
    ----------
    seed
        Of the initial weights.

    Raises
    ------
    ShapeError
        If the settings do not suit the shape.
    ConfigError
        If the weights are larger than the memory.
    """
    weights = size(config, event_shape).parameters
    require_memory(FLOAT32 * weights, f"a model of {weights:,} weights", "make it narrower or shallower")
    module, _, name = family(config.kind).builder.partition(":")
    model: DensityModel = getattr(import_module(module), name)(event_shape, config, seed)
    return model


def size(config: ModelConfig, event_shape: EventShape) -> ModelSize:
    """Estimate how much a model of these settings holds, without building it; zeros where its family does not know.

    Raises
    ------
    ShapeError
        If the settings do not suit the shape.
    """
    return family(config.kind).size(config, event_shape)


def describe(config: ModelConfig) -> ModelDescription:
    """Describe a model of these settings."""
    return family(config.kind).describe(config)


def fit(config: ModelConfig, event_shape: EventShape) -> ModelConfig:
    """Settings nearest to these that suit images of a shape.

    Raises
    ------
    ShapeError
        If none do.
    """
    fitted: ModelConfig = family(config.kind).fit(config, event_shape)
    return fitted


read_by_kind(ModelConfig, lambda plain: family(str(plain.get("kind", DEFAULT_KIND))).config)
