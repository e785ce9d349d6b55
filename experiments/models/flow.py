"""What every flow of this package offers: an exact density, an inverse and samples."""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import ShapeError
from experiments.models.density import DensityModel, plain
from experiments.models.prior import Prior


class Flow(DensityModel):
    """A density on events of one shape: `log p(x) = sum_i log psi(z_i) + log|det df/dx|`, `z = f(x)`.

    Subclasses give `forward` and `inverse`. The library does not check values: NaN in gives NaN out.

    Parameters
    ----------
    event_shape : tuple of int
        Shape of one event, without the batch: (C, H, W) for images.
    prior : Prior
        The density psi of the latents.
    """

    def __init__(self, event_shape: tuple[int, ...], prior: Prior) -> None:
        super().__init__(event_shape)
        self.prior = prior

    @property
    def is_constant_log_det(self) -> bool:
        """A promise: `log|det df/dx|` is the same number for every x."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Return the latents `z = f(x)` and `log|det df/dx|` in nats."""
        raise NotImplementedError

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, " B *event"]:
        """Return `x = f^{-1}(z)`."""
        raise NotImplementedError

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats.

        Raises
        ------
        ShapeError
            `x` is not a batch of events.
        DtypeError
            `x` holds integers, or floats of another precision than the model.
        """
        z, log_det = self(x)
        return self.prior.log_prob(z) + log_det

    def log_prob_parts(self, x: Float[Tensor, " B *event"]) -> dict[str, Float[Tensor, " B"]]:
        """Return the prior term and the volume term of `log p(x)` in nats (docs/theory.md, eqs. 4 and 8a)."""
        z, log_det = self(x)
        return {"prior": self.prior.log_prob(z), "log_det": log_det}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator, temperature: float = 1.0) -> Float[Tensor, " n *event"]:
        """Draw `n` events from the model; `temperature` multiplies the prior's standard deviation (1 is the model)."""
        return self.inverse(self.prior.sample(n, self.dim, generator, temperature))

    def require_latents(self, z: Tensor) -> None:
        """Raise unless `z` is a batch of float latents [B, D]."""
        if z.ndim != 2 or z.shape[1] != self.dim:
            raise ShapeError(f"Expected latents of shape (B, {self.dim}), got ({plain(z.shape)}).")
        self.require_floats(z, "latents")

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the prior, and so of the model."""
        return self.prior.log_scale.dtype
