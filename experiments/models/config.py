"""What a constant-volume Glow is made of: sizes and names, without torch, so that a command line lists them quickly."""

from dataclasses import dataclass
from typing import Literal, get_args

from curvature.errors import ConfigError
from curvature.names import require_known

CouplingName = Literal["additive"]
ActivationName = Literal["silu", "softplus", "tanh", "gelu", "mish", "relu"]

# Twice continuously differentiable, so that log p has a Hessian everywhere (docs/theory.md, "What H is for a CV flow").
SMOOTH_ACTIVATIONS: tuple[ActivationName, ...] = ("silu", "softplus", "tanh", "gelu", "mish")


@dataclass(frozen=True)
class GlowConfig:
    """Sizes and choices of a constant-volume Glow.

    Raises
    ------
    ConfigError
        A size is not a positive integer.
    UnknownNameError
        A coupling or an activation of that name does not exist; the message suggests the nearest one.
    """

    levels: int = 2
    """Scales: each level halves height and width; both must be divisible by 2^levels."""

    steps: int = 6
    """Flow steps (actnorm, invertible 1x1 convolution, coupling) in each level."""

    width: int = 32
    """Hidden channels of every coupling network."""

    coupling: CouplingName = "additive"
    """Kind of coupling; additive couplings keep the volume constant."""

    activation: ActivationName = "silu"
    """Activation of the coupling networks; all but relu are smooth."""

    learn_prior_scale: bool = False
    """Learn the prior's one standard deviation sigma_psi, shared by all latents, instead of fixing it to 1."""

    def __post_init__(self) -> None:
        for name in ("levels", "steps", "width"):
            size = getattr(self, name)
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ConfigError(f"{name} must be a positive integer, got {size!r}.")
        for name, names in (("coupling", get_args(CouplingName)), ("activation", get_args(ActivationName))):
            require_known(name, getattr(self, name), names)
