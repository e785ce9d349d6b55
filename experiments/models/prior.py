"""Priors psi of the latents: what all offer, and the Gaussian one (docs/theory.md, "Notation": psi = N(0, sigma^2))."""

import math
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Prior(Protocol):
    """Independent latents of one density psi whose location and scale do not depend on anything."""

    log_scale: Float[Tensor, ""]

    def log_prob(self, z: Float[Tensor, " B D"]) -> Float[Tensor, " B"]:
        """Return `sum_i log psi(z_i)` in nats."""

    def sample(self, n: int, dim: int, generator: torch.Generator, temperature: float = 1.0) -> Float[Tensor, "n dim"]:
        """Draw `n` latents, with `temperature` times the prior's scale."""


class GaussianPrior(nn.Module):
    """Independent latents `z_i ~ N(0, sigma^2)`, one `sigma` for all of them, so that its volume term is constant in x.

    Parameters
    ----------
    learn_scale : bool
        Learn `log sigma`, starting at 0; otherwise `sigma` stays at `scale`.
    scale : float
        The value, or starting value, of `sigma`.
    dtype : torch.dtype, optional
        Of `log sigma`; torch's default if left out.
    """

    log_scale: Float[Tensor, ""]

    def __init__(self, learn_scale: bool = False, scale: float = 1.0, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        log_scale = torch.tensor(math.log(scale), dtype=dtype)
        if learn_scale:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    @property
    def scale(self) -> Float[Tensor, ""]:
        """The standard deviation `sigma_psi`."""
        return self.log_scale.exp()

    def log_prob(self, z: Float[Tensor, " B D"]) -> Float[Tensor, " B"]:
        """Return `sum_i log psi(z_i)` in nats."""
        return self.log_prob_of_square((z * z).sum(1), z.shape[1])

    def log_prob_of_square(self, square: Float[Tensor, " B"], dim: int) -> Float[Tensor, " B"]:
        """Return the same from the squared norm `|z|^2` of `dim` latents."""
        volume = dim * (self.log_scale + 0.5 * math.log(2 * math.pi))
        return -0.5 * square * (-2 * self.log_scale).exp() - volume

    def sample(self, n: int, dim: int, generator: torch.Generator, temperature: float = 1.0) -> Float[Tensor, "n dim"]:
        """Draw `n` latents with standard deviation `temperature * sigma`, on the prior's device."""
        noise = torch.randn(n, dim, generator=generator, device=generator.device, dtype=self.log_scale.dtype)
        return noise.to(self.log_scale.device) * (temperature * self.scale)

    def extra_repr(self) -> str:
        """Show sigma and whether it is learned."""
        return f"scale={self.scale.detach().item():g}, learned={isinstance(self.log_scale, nn.Parameter)}"
