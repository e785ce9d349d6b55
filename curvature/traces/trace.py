"""``Tr{H Sigma}`` by the routes that are known, and the choice between them (docs/theory.md, eqs. 10 and 60 to 64)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from curvature.errors import OptionError
from curvature.hessian.layered.collapsed import collapsed_forms
from curvature.hessian.layered.forms import QuadraticForms
from curvature.names import unknown_name
from curvature.preconditions import require_finite
from curvature.traces.signed import SignedFactor

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
        Number of columns that were pushed through the model, or multiplied with its Hessian, for it.
    """

    value: float
    standard_error: float
    gauss_newton: float | None
    route: str
    num_matvecs: int

    def __float__(self) -> float:
        return self.value


def trace(
    expansion: "Expansion",
    moments: "Moments",
    method: str = "exact",
    *,
    versus: "Moments | None" = None,
    num_matvecs: int | None = None,
    generator: torch.Generator | int | None = None,
) -> Trace:
    """Compute ``Tr{H Sigma}`` by the named route; see `Expansion.trace`.

    Raises
    ------
    UnknownNameError
        If there is no such route.
    OptionError
        If an estimate lacks its budget or generator or is asked for a difference, or an exact route is given a budget.
    RouteError
        If the model does not allow the route; says which module is in the way.
    """
    # Imported here because the estimators return a `Trace`.
    from curvature.traces.estimators import ESTIMATORS

    if method in ESTIMATORS:
        if versus is not None:
            raise OptionError(
                f"trace: {method!r} estimates no difference of covariances; use an exact route with versus"
            )
        return ESTIMATORS[method](expansion, moments, num_matvecs, generator)
    if method not in TRACE_ROUTES:
        raise unknown_name("trace method", method, [*TRACE_ROUTES, *ESTIMATORS])
    if num_matvecs is not None or generator is not None:
        raise OptionError(f"trace: {method!r} takes no num_matvecs and no generator; did you mean 'deflated'?")
    return TRACE_ROUTES[method](expansion, SignedFactor.of(moments, versus, expansion.at))


def exact_trace(expansion: "Expansion", factor: SignedFactor) -> Trace:
    """Take the cheapest exact route that the model allows.

    The Hessian if it is known or smaller than the factor; else first-order tangents alone where the activations'
    weights are known (`adjoint`, `tapped`); else Hessian-vector products.
    """
    if expansion.has_hessian or len(factor) > expansion.dim:
        return dense_trace(expansion, factor)
    if expansion.linearisation is not None:
        return adjoint_trace(expansion, factor)
    if expansion.tapped_model is not None:
        return tapped_trace(expansion, factor)
    return hvp_trace(expansion, factor)


def adjoint_trace(expansion: "Expansion", factor: SignedFactor) -> Trace:
    """Push the columns through the layers, with each hidden unit's weight from one backward pass (eq. 61)."""
    forms = summed_forms(expansion, factor, "adjoint")
    return _trace_of(forms, "adjoint", len(factor))


def tapped_trace(expansion: "Expansion", factor: SignedFactor) -> Trace:
    """Do the same with hooks on the model's activation modules and one vectorised Jacobian-vector product (eq. 61)."""
    forms = summed_forms(expansion, factor, "tapped")
    return _trace_of(forms, "tapped", len(factor))


def summed_forms(expansion: "Expansion", factor: SignedFactor, route: str) -> QuadraticForms:
    """Sum ``s_r b_r'H b_r`` over the columns, part by part, into forms of one row.

    Raises
    ------
    RouteError
        If the model does not allow the route.
    """
    source = expansion.require_linearisation() if route == "adjoint" else expansion.require_tapped_model()
    gauss_newton = expansion.at.new_zeros(1)
    activations = expansion.at.new_zeros(len(source.activations), 1)
    for block in factor.split(expansion.columns_at_once):
        forms = source.forms(block.rows)
        gauss_newton += block.weigh(forms.gauss_newton).sum()
        activations += block.weigh(forms.activations).sum(1, keepdim=True)
    total = QuadraticForms(gauss_newton, activations)
    require_finite(total.total, "Hessian of log p")
    return total


def _trace_of(forms: QuadraticForms, route: str, columns: int) -> Trace:
    """Add up the parts."""
    parts = [*forms.gauss_newton.tolist(), *forms.activations.flatten().tolist()]
    return Trace(math.fsum(parts), 0.0, float(forms.gauss_newton), route, columns)


def jet_trace(expansion: "Expansion", factor: SignedFactor) -> Trace:
    """Push value, tangents and the sum of second derivatives through the layers in one batch (eq. 64)."""
    flow, x0 = expansion.require_linearisation().flow, expansion.at
    blocks = factor.split(expansion.columns_at_once)
    parts = [collapsed_forms(flow, x0, block.rows, block.signs) for block in blocks]
    gauss_newton, second = (math.fsum(map(float, part)) for part in zip(*parts, strict=True)) if parts else (0.0, 0.0)
    require_finite(torch.tensor([gauss_newton, second]), "Hessian of log p")
    return Trace(gauss_newton + second, 0.0, gauss_newton, "jet", len(factor))


def hvp_trace(expansion: "Expansion", factor: SignedFactor) -> Trace:
    """Sum ``s_r b_r'H b_r``, one product by forward-over-reverse differentiation a column, whatever the model."""
    total = 0.0
    for block in factor.split(expansion.chunk):
        for v, Hv in expansion.differentiated_blocks(block.rows):
            total += float(block.weigh(_forms(v, Hv)).sum())
    return Trace(total, 0.0, None, "hvp", len(factor))


def dense_trace(expansion: "Expansion", factor: SignedFactor) -> Trace:
    """Contract the dense Hessian with the covariance."""
    num_matvecs = 0 if expansion.has_hessian else expansion.dim
    H, B = expansion.hessian(), factor.rows.reshape(len(factor), expansion.dim)
    return Trace(float(factor.weigh(_forms(B, B @ H)).sum()), 0.0, None, "dense", num_matvecs)


def _forms(v: Tensor, Hv: Tensor) -> Tensor:
    """``v'H v``, a row at a time."""
    return (v * Hv).reshape(len(v), math.prod(v.shape[1:])).sum(1)


TRACE_ROUTES: dict[str, Callable[["Expansion", SignedFactor], Trace]] = {
    "exact": exact_trace,
    "adjoint": adjoint_trace,
    "jet": jet_trace,
    "tapped": tapped_trace,
    "hvp": hvp_trace,
    "dense": dense_trace,
}
