"""What every flow of this package offers: an exact density, an inverse and samples."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import DtypeError, ShapeError
from experiments.models.prior import GaussianPrior


class Flow(nn.Module):
    """A density on events of one shape: `log p(x) = sum_i log psi(z_i) + log|det df/dx|`, `z = f(x)`.

    Subclasses give `forward` and `inverse`. The library does not check values: NaN in gives NaN out.

    Parameters
    ----------
    event_shape : tuple of int
        Shape of one event, without the batch: (C, H, W) for images.
    prior : GaussianPrior
        The density psi of the latents.
    """

    def __init__(self, event_shape: tuple[int, ...], prior: GaussianPrior) -> None:
        super().__init__()
        self.event_shape = tuple(event_shape)
        self.dim = math.prod(event_shape)
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

    def initialise(self, x: Float[Tensor, " B *event"]) -> None:
        """Set the parameters that depend on data from the batch `x`; a flow without any is left as it is."""

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

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator, temperature: float = 1.0) -> Float[Tensor, " n *event"]:
        """Draw `n` events from the model; `temperature` multiplies the prior's standard deviation (1 is the model)."""
        return self.inverse(self.prior.sample(n, self.dim, generator, temperature))

    def require_events(self, x: Tensor) -> None:
        """Raise unless `x` is a batch of float events [B, *event_shape] of the model's precision."""
        if tuple(x.shape[1:]) != self.event_shape or x.ndim != len(self.event_shape) + 1:
            raise ShapeError(f"Expected a batch of shape (B, {_plain(self.event_shape)}), got ({_plain(x.shape)}).")
        self._require_floats(x, "events")

    def require_latents(self, z: Tensor) -> None:
        """Raise unless `z` is a batch of float latents [B, D]."""
        if z.ndim != 2 or z.shape[1] != self.dim:
            raise ShapeError(f"Expected latents of shape (B, {self.dim}), got ({_plain(z.shape)}).")
        self._require_floats(z, "latents")

    def _require_floats(self, x: Tensor, what: str) -> None:
        if not x.is_floating_point():
            raise DtypeError(f"Expected {what} as floats, got {x.dtype}; dequantise integer pixels first.")
        dtype = self.prior.log_scale.dtype
        if x.dtype != dtype:
            raise DtypeError(
                f"The model is {dtype} and the {what} are {x.dtype}; convert one of the two with .to(dtype)."
            )


def _plain(shape: tuple[int, ...] | torch.Size) -> str:
    return ", ".join(str(size) for size in shape)
