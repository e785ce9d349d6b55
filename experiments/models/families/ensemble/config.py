"""Settings, description and size of an ensemble. This module does not import torch."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from experiments.models import registry
from experiments.models.config import ModelConfig
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges, require_setting


def default_member() -> ModelConfig:
    """A Glow of half the depth: three of them train on the embedded sets in about a minute on one core."""
    return registry.configuration("glow", steps=3)


@dataclass(frozen=True)
class EnsembleConfig(ModelConfig):
    """How many members an ensemble has, and what each of them is.

    Raises
    ------
    ConfigError
        If the number of members lies outside its range, or the members are ensembles themselves.
    """

    kind: Literal["ensemble"] = "ensemble"
    """The model's family; each family has its own options."""

    members: Annotated[int, Range(2, 1000)] = 3
    """Models of the ensemble. The k-th one starts from the seed of the training plus k, counted from 0."""

    member: ModelConfig = field(default_factory=default_member)
    """Each member; --model.member.kind chooses its family."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        is_single = not isinstance(self.member, EnsembleConfig)
        require_setting(self, "model", "member", is_single, "a model of another family than ensemble")


def describe(config: EnsembleConfig) -> ModelDescription:
    """Describe an ensemble by one of its members."""
    member = registry.describe(config.member)
    return ModelDescription(
        label=f"ensemble-{config.members}x-{member.label}",
        name="An ensemble",
        summary=f"The mean density of {config.members} models that started from different seeds",
        facts=(
            f"p(x) is the mean of the densities of {config.members} members, each trained to maximise its own log p on "
            f"the same batches. Each member: {member.label}.",
            *member.facts,
        ),
        limits=member.limits,
        citation="B. Lakshminarayanan, A. Pritzel, C. Blundell, Deep Ensembles, NeurIPS 2017, arXiv 1612.01474",
    )


def fit(config: EnsembleConfig, event_shape: EventShape) -> EnsembleConfig:
    """Fit the members to images of a shape.

    Raises
    ------
    ShapeError
        If their family cannot be.
    """
    return replace(config, member=registry.fit(config.member, event_shape))


def size(config: EnsembleConfig, event_shape: EventShape) -> ModelSize:
    """Add up the members.

    Raises
    ------
    ShapeError
        If they do not take images of that shape.
    """
    member = registry.size(config.member, event_shape)
    return ModelSize(config.members * member.parameters, config.members * member.activations)


FAMILY = Family(EnsembleConfig, "experiments.models.families.ensemble.model:build_ensemble", describe, fit, size)
