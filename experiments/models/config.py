"""Settings that all models share. This module does not import torch, so that a command line lists them quickly."""

from dataclasses import dataclass
from typing import Literal

CouplingName = Literal["additive", "affine"]
ActivationName = Literal["silu", "softplus", "tanh", "gelu", "mish", "relu"]

NUMBERS_PER_CHANNEL: dict[CouplingName, int] = {"additive": 1, "affine": 2}
"""What a coupling's network computes for each number that the coupling changes."""

# Twice continuously differentiable, so that log p has a Hessian everywhere (docs/theory.md, "What H is for a CV flow").
SMOOTH_ACTIVATIONS: tuple[ActivationName, ...] = ("silu", "softplus", "tanh", "gelu", "mish")


@dataclass(frozen=True)
class ModelConfig:
    """Settings of a model; every family has its own dataclass, derived from this one."""

    kind: str
    """Name of the family, the default of every family's own field."""


def volume_fact(coupling: CouplingName) -> str:
    """Say of couplings of this kind, and of what is made of them, whether they keep the volume constant (eq. 5)."""
    return f"log|det df/dx| {'does not depend' if coupling == 'additive' else 'depends'} on x."
