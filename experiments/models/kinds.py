"""The families that a model is made of, by option: its own ``kind``, and ``member.kind`` of a model inside it.

They must be known before all other options, because a family decides which options there are. No torch here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from experiments.models.config import ModelConfig
from experiments.models.registry import configuration


def kinds_of(model: ModelConfig) -> dict[str, str]:
    """The kind of a model and of every model inside it, outermost first.

    >>> kinds_of(configuration("ensemble"))
    {'kind': 'ensemble', 'member.kind': 'glow'}
    """
    inside = {f"{name}.{key}": kind for name, part in _models_in(model) for key, kind in kinds_of(part).items()}
    return {"kind": model.kind, **inside}


def with_kinds(model: ModelConfig, kinds: Mapping[str, str]) -> ModelConfig:
    """The model with families exchanged: one that is of another family than before has its default settings.

    Parameters
    ----------
    kinds
        As `kinds_of` returns them; those that are left out stay, and those of models that there are not are ignored.

    Raises
    ------
    UnknownNameError
        If there is no such family.
    ConfigError
        If a family cannot be inside another.
    """
    kind = kinds.get("kind", model.kind)
    chosen = model if kind == model.kind else configuration(kind)
    changed: dict[str, Any] = {}
    for name, part in _models_in(chosen):
        prefix = f"{name}."
        inside = {key.removeprefix(prefix): value for key, value in kinds.items() if key.startswith(prefix)}
        changed[name] = with_kinds(part, inside)
    return replace(chosen, **changed)


def _models_in(model: ModelConfig) -> Iterator[tuple[str, ModelConfig]]:
    """Models among a model's settings, by the names of the fields."""
    for field in fields(model):
        value = getattr(model, field.name)
        if isinstance(value, ModelConfig):
            yield field.name, value
