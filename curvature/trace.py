"""``Tr{H Sigma}`` by the routes that are known, and the choice between them (docs/theory.md, eq. 10)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curvature.preconditions import unknown_name

if TYPE_CHECKING:
    from curvature.expansion import Expansion
    from curvature.moments import Moments


@dataclass(frozen=True)
class Trace:
    """A trace ``Tr{H Sigma}`` and how it was found; ``float(trace)`` is its value.

    Attributes
    ----------
    value
        In nats (H is in nats per squared unit of the input, Sigma in squared units).
    standard_error
        Standard error of a stochastic estimate, in nats; 0 for an exact route. It says nothing about the sampling of
        the data behind Sigma: see `Prediction.standard_error`.
    gauss_newton
        The share of the negative semi-definite part ``-J'J / sigma^2`` in nats; None where the route does not tell.
    route
        Name of the route taken.
    num_matvecs
        Number of products with the Hessian that were computed for it.
    """

    value: float
    standard_error: float
    gauss_newton: float | None
    route: str
    num_matvecs: int

    def __float__(self) -> float:
        return self.value


def trace(expansion: "Expansion", moments: "Moments", method: str = "exact") -> Trace:
    """Compute ``Tr{H Sigma}`` by the named route.

    Raises
    ------
    UnknownNameError
        If there is no such route.
    """
    if method not in TRACE_ROUTES:
        raise unknown_name("trace method", method, TRACE_ROUTES)
    return TRACE_ROUTES[method](expansion, moments)


def exact_trace(expansion: "Expansion", moments: "Moments") -> Trace:
    """Take the cheapest exact route: the Hessian if known or smaller than the factor, else its products."""
    route = dense_trace if expansion.has_hessian or moments.rank > moments.dim else hvp_trace
    return route(expansion, moments)


def hvp_trace(expansion: "Expansion", moments: "Moments") -> Trace:
    """Sum ``f' H f`` over the columns f of the covariance's factor, one Hessian-vector product each."""
    columns = moments.columns().to(expansion.at)
    total = sum(float((Hf * f).sum()) for f, Hf in expansion.hvp_blocks(columns))
    return Trace(float(total), 0.0, None, "hvp", moments.rank)


def dense_trace(expansion: "Expansion", moments: "Moments") -> Trace:
    """Contract the dense Hessian with the covariance."""
    num_matvecs = 0 if expansion.has_hessian else expansion.dim
    H, F = expansion.hessian(), moments.factor.to(expansion.at)
    return Trace(float((F * (H @ F)).sum()), 0.0, None, "dense", num_matvecs)


TRACE_ROUTES: dict[str, Callable[["Expansion", "Moments"], Trace]] = {
    "exact": exact_trace,
    "hvp": hvp_trace,
    "dense": dense_trace,
}
