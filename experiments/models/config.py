"""Settings that all models share. This module does not import torch, so that a command line lists them quickly."""

from dataclasses import dataclass
from typing import Literal

CouplingName = Literal["additive"]
ActivationName = Literal["silu", "softplus", "tanh", "gelu", "mish", "relu"]

# Twice continuously differentiable, so that log p has a Hessian everywhere (docs/theory.md, "What H is for a CV flow").
SMOOTH_ACTIVATIONS: tuple[ActivationName, ...] = ("silu", "softplus", "tanh", "gelu", "mish")


@dataclass(frozen=True)
class ModelConfig:
    """Settings of a model; every family has its own dataclass, derived from this one."""

    kind: str
    """Name of the family, the default of every family's own field."""
