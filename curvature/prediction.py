"""The predicted likelihood gap between two distributions, term by term, from moments (docs/theory.md, eq. 9)."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.dense import worth_writing_out
from curvature.hessian.operator import HessianOperator, product_blocks, products
from curvature.moments import Moments, require_events
from curvature.traces.methods import trace
from curvature.units import gap_bits_per_dim


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
        ``1/2 Tr{H (Sigma_q - Sigma_p)}`` in nats, the only term that the published form keeps.
    dim
        Number D of dimensions.
    standard_error_nats
        Standard error of `total` from the sampling of the data, in nats; None if it was not asked for. It assumes that
        the data of q and of p are independent draws with Gaussian fourth moments, and takes x0 as given. Images have
        heavier tails; the ladder's standard errors come from the samples and assume no distribution.
    """

    gradient: float
    mean_shift: float
    covariance: float
    dim: int
    standard_error_nats: float | None = None

    @property
    def total(self) -> float:
        """Sum of the three terms in nats; positive = q is predicted to be more likely."""
        return self.gradient + self.mean_shift + self.covariance

    @property
    def bits_per_dim(self) -> float:
        """The gap in bits per dimension; negative = q is predicted to be more likely (eq. 3)."""
        return gap_bits_per_dim(self.total, self.dim)

    @property
    def standard_error(self) -> float | None:
        """Standard error of `bits_per_dim`, in bits per dimension."""
        return None if self.standard_error_nats is None else self.standard_error_nats / (self.dim * math.log(2))

    def __str__(self) -> str:
        error = "" if self.standard_error is None else f" +- {self.standard_error:.4f}"
        return (
            f"predicted gap {self.bits_per_dim:+.4f}{error} bits/dim = {self.total:+.6g} nats more likely: "
            f"gradient {self.gradient:+.6g}, mean shift {self.mean_shift:+.6g}, covariance {self.covariance:+.6g}"
        )


def predict(
    operator: HessianOperator, q: Moments, p: Moments, method: str = "exact", sampling_error: bool = True
) -> Prediction:
    """Predict the likelihood gap of q against p (docs/theory.md, eq. 9).

    The Hessian is computed as a matrix first if both factors together have more than D columns and the matrix fits the
    memory budget.

    Parameters
    ----------
    operator
        H at x0, with log p's gradient there.
    q, p
        Moments of the two sets of events.
    method
        Method of the traces, see `Expansion.trace`.
    sampling_error
        Whether to compute the standard error, which takes one more pass over the columns of both factors.

    Raises
    ------
    DtypeError, ShapeError, UnknownNameError, NonFiniteError
        If q or p are no moments or moments of other events, there is no such method, or the Hessian is not finite.
    """
    point = operator.point
    require_events(point.event_shape, q=q, versus=p)
    if method == "exact":
        operator = worth_writing_out(operator, _cost(operator, q.rank + p.rank, sampling_error))
    x0, g = point.x0, point.gradient
    a, b = q.mean.to(x0) - x0, p.mean.to(x0) - x0
    Ha, Hb = products(operator, torch.stack([a, b]))
    variance = None
    if sampling_error:
        variance = sampling_variance(operator, q, g + Ha) + sampling_variance(operator, p, g + Hb)
    return Prediction(
        gradient=float((g * (a - b)).sum()),
        mean_shift=float((a * Ha).sum() - (b * Hb).sum()) / 2,
        covariance=(float(trace(operator, q, method)) - float(trace(operator, p, method))) / 2,
        dim=point.dim,
        standard_error_nats=None if variance is None else math.sqrt(variance),
    )


def _cost(operator: HessianOperator, columns: int, sampling_error: bool) -> int:
    """Cost of a prediction in quadratic forms: those of the traces, and the products of the standard error."""
    return columns * (1 + operator.forms_per_product * sampling_error)


def sampling_variance(operator: HessianOperator, moments: Moments, slope: Float[Tensor, "*event"]) -> float:
    """Variance, over data sets of N Gaussian events, of the average of the expansion (docs/theory.md, eq. 16).

    ``[ |F'b|^2 + 1/2 ||F'HF||_F^2 ] / N`` with the slope ``b = g + H(mu - x0)`` at the mean.
    """
    x0 = operator.point.x0
    F = moments.factor.to(x0)
    linear = (F.T @ slope.reshape(-1)).square().sum()
    blocks = product_blocks(operator, moments.columns().to(x0))
    quadratic = sum(float((Hf.reshape(len(Hf), -1) @ F).square().sum()) for _, Hf in blocks)
    return (float(linear) + quadratic / 2) / moments.count
