"""The predicted likelihood gap between two distributions, term by term, from moments (docs/theory.md, eq. 9)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.moments import Moments
from curvature.preconditions import require_shape
from curvature.units import gap_bits_per_dim

if TYPE_CHECKING:
    from curvature.expansion import Expansion


@dataclass(frozen=True)
class Prediction:
    """Predicted ``E_q log p - E_p log p`` by the second-order expansion.

    Attributes
    ----------
    gradient
        ``g.(mu_q - mu_p)`` in nats.
    mean_shift
        ``1/2 [(mu_q - x0)'H(mu_q - x0) - (mu_p - x0)'H(mu_p - x0)]`` in nats.
    covariance
        ``1/2 Tr{H (Sigma_q - Sigma_p)}`` in nats, the one term the published form keeps.
    dim
        Number D of dimensions.
    standard_error
        Standard error of `total` from the sampling of the data, in nats; None if it was not asked for. It takes the
        data of q and of p as independent draws with Gaussian fourth moments, and x0 as given. Images have heavier
        tails: the ladder's standard errors, from the samples themselves, assume nothing.
    """

    gradient: float
    mean_shift: float
    covariance: float
    dim: int
    standard_error: float | None = None

    @property
    def total(self) -> float:
        """Sum of the three terms in nats; positive = q is predicted to be more likely."""
        return self.gradient + self.mean_shift + self.covariance

    @property
    def bits_per_dim(self) -> float:
        """The gap in bits per dimension; negative = q is predicted to be more likely (eq. 3)."""
        return gap_bits_per_dim(self.total, self.dim)

    @property
    def bits_per_dim_standard_error(self) -> float | None:
        """Standard error of `bits_per_dim`."""
        return None if self.standard_error is None else self.standard_error / (self.dim * math.log(2))

    def __str__(self) -> str:
        error = "" if self.standard_error is None else f" +- {self.bits_per_dim_standard_error:.4f}"
        return (
            f"predicted gap {self.bits_per_dim:+.4f}{error} bits/dim = {self.total:+.6g} nats more likely: "
            f"gradient {self.gradient:+.6g}, mean shift {self.mean_shift:+.6g}, covariance {self.covariance:+.6g}"
        )


def predict(
    expansion: "Expansion", q: Moments, p: Moments, method: str = "exact", sampling_error: bool = True
) -> Prediction:
    """Predict the likelihood gap of q against p (docs/theory.md, eq. 9).

    Parameters
    ----------
    expansion
        Expansion of log p about x0.
    q, p
        Moments of the two sets of events.
    method
        Route of the traces, see `Expansion.trace`.
    sampling_error
        Whether to compute the standard error, which takes one more pass over the columns of both factors unless the
        Hessian is known (call `Expansion.hessian` first if it fits in memory).

    Raises
    ------
    ShapeError, UnknownNameError, NonFiniteError
        If the moments are of other events, there is no such method, or the Hessian is not finite.
    """
    for name, moments in (("q", q), ("versus", p)):
        require_shape(moments.event_shape, expansion.event_shape, f"{name}: event shape against the expansion point")
    x0, g = expansion.at, expansion.gradient
    a, b = q.mean.to(x0) - x0, p.mean.to(x0) - x0
    Ha, Hb = torch.cat([Hv for _, Hv in expansion.hessian_blocks(torch.stack([a, b]))])
    variance = None
    if sampling_error:
        variance = sampling_variance(expansion, q, g + Ha) + sampling_variance(expansion, p, g + Hb)
    return Prediction(
        gradient=float((g * (a - b)).sum()),
        mean_shift=float((a * Ha).sum() - (b * Hb).sum()) / 2,
        covariance=(float(expansion.trace(q, method)) - float(expansion.trace(p, method))) / 2,
        dim=expansion.dim,
        standard_error=None if variance is None else math.sqrt(variance),
    )


def sampling_variance(expansion: "Expansion", moments: Moments, slope: Float[Tensor, "*event"]) -> float:
    """Variance, over data sets of N Gaussian events, of the average of the expansion (docs/theory.md, eq. 16).

    ``[ |F'b|^2 + 1/2 ||F'HF||_F^2 ] / N`` with the slope ``b = g + H(mu - x0)`` at the mean.
    """
    F = moments.factor.to(expansion.at)
    linear = (F.T @ slope.reshape(-1)).square().sum()
    columns = expansion.hessian_blocks(moments.columns().to(expansion.at))
    quadratic = sum(float((Hf.reshape(len(Hf), -1) @ F).square().sum()) for _, Hf in columns)
    return (float(linear) + quadratic / 2) / moments.count
