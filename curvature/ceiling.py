"""The ceiling of a constant-volume flow: how much likelier than the data anything can be (docs/theory.md, eq. 87)."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.flow_parts import forward, prior_scale, require_constant_volume
from curvature.not_applicable import NotApplicableError

ROUND_OFF = 1e-6
"""Share of |z|^2 / 2 sigma^2 by which the highest log p may seem to depend on the image that it is found from."""


@dataclass(frozen=True)
class Ceiling:
    """``E_p|z|^2 / (2 sigma^2 D ln 2)``: no gap against p is below minus this.

    Attributes
    ----------
    bits_per_dim
        The ceiling, bits per dimension, from the same images of p as the gap.
    standard_error
        Of the mean over these images, bits per dimension.
    """

    bits_per_dim: float
    standard_error: float

    @classmethod
    def of(cls, energies: Float[Tensor, " N"], dim: int) -> "Ceiling":
        """Average ``|z|^2 / 2 sigma^2`` of the images of p."""
        bits = energies.double() / (dim * math.log(2))
        return cls(float(bits.mean()), float(bits.std()) / math.sqrt(len(bits)) if len(bits) > 1 else math.nan)

    def share(self, gap: float) -> float:
        """Which share of the ceiling a gap reaches: 1 for an input at the mode; above 1 is impossible."""
        return -gap / self.bits_per_dim

    def __str__(self) -> str:
        return f"{self.bits_per_dim:.4f} +- {self.standard_error:.4f} bits/dim"


@torch.no_grad()
def latent_energies(model: Any, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    """``|z|^2 / 2 sigma^2`` of every row, for a flow that promises a constant log-determinant.

    Raises
    ------
    NotApplicableError
        If it promises none, has no `forward(x) -> (z, log_det)`, or does not say sigma of its prior.
    """
    require_constant_volume(model)
    sigma = prior_scale(model)
    return forward(model, x)[0].flatten(1).square().sum(1) / (2 * sigma**2)


def highest_log_prob(expansion: Expansion, x: Float[Tensor, " B *event"]) -> float:
    """Log p where z = 0, in nats: ``log p(x) + |z|^2 / 2 sigma^2``, which is the same for every row.

    Raises
    ------
    NotApplicableError
        If the model is no constant-volume flow under N(0, sigma^2), with the reason.
    """
    density = expansion.log_prob
    if density.module is None:
        raise NotApplicableError(density.refusal)
    x = x.to(expansion.at)
    energies = latent_energies(density.module, x)
    highest = expansion.operator.log_prob(x) + energies
    if float(highest.max() - highest.min()) > ROUND_OFF * float(energies.max()):
        raise NotApplicableError("log p + |z|^2 / 2 sigma^2 differs between images: its volume or its prior does")
    return float(highest.mean())
