"""The activation-weight identity for any model of linear maps and elementwise activations (docs/theory.md, eq. 61).

Forward hooks record every activation's input and output while the model runs; nothing else is known of the model. At
the expansion point it is checked that the model is of this kind, with a prior N(0, sigma^2) and a constant
log-determinant; if it is not, the error names the module for which the identity fails.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import jvp, vmap

from curvature.errors import RouteError
from curvature.hessian.dense import DenseHessian, write_out
from curvature.hessian.derivatives import load_forward_mode, slow_batching_allowed, value_and_gradient
from curvature.hessian.differentiated import DifferentiatedHessian
from curvature.hessian.forms import GAUSS_NEWTON, Part, QuadraticForms
from curvature.hessian.layered.verification import curvature_along, direction, tolerance
from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route
from curvature.hessian.taps import Taps, activation_modules, offending_module
from curvature.precision import LogDensity

FOREIGN_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, eq=False)
class TappedHessian:
    """H at x0 with the weight ``lam_u s''(h_u)`` of every hidden unit; quadratic forms only push tangents.

    Attributes
    ----------
    differentiated
        The same Hessian by differentiation; it computes products, and curvature at other points.
    taps
        The model's latents as a function of its input, with hooks on its activations.
    precision
        ``1 / sigma^2``.
    form_parts
        Gauss-Newton, then the activations by order of evaluation; a module that is called twice counts twice.
    weights
        The weights of each activation's units, flat.
    """

    differentiated: DifferentiatedHessian
    taps: Taps
    precision: float
    form_parts: tuple[Part, ...]
    weights: tuple[Float[Tensor, " U"], ...]
    route: str = "tapped"
    forms_per_product: int = 2  # measured: forward over reverse takes about twice as long as forward alone

    @classmethod
    def of(cls, point: DensityPoint) -> "TappedHessian":
        """Attach hooks to the model of log p, and check the identity at x0.

        Raises
        ------
        RouteError
            If the identity does not hold; the message says why, and names the module where one is to blame.
        """
        density, x0 = point.density, point.x0
        if density.module is None:
            raise RouteError(f"tapped: {density.refusal}")
        model = density.module
        try:
            modules = activation_modules(model, x0[None])
            taps = Taps(_latents_of(model), modules)
            calls = taps.adjoints(x0[None])
            parts = (GAUSS_NEWTON, *(Part(call.name) for call in calls))
            weights = tuple(call.weights for call in calls)
            precision = _precision(density, taps.function, x0)
            tapped = cls(DifferentiatedHessian(point), taps, precision, parts, weights)
            v = direction(x0)
            forms, expected = tapped.forms(v[None]), curvature_along(density, x0, v)
        except FOREIGN_ERRORS as error:
            if isinstance(error, RouteError):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RouteError(f"tapped: {type(model).__name__} cannot be tapped ({reason})") from error
        if abs(float(forms.total) - expected) <= tolerance(x0) * max(float(forms.magnitude), abs(expected)):
            return tapped
        culprit = offending_module(model, modules, x0[None])
        raise RouteError(f"tapped: {culprit} is not made of linear maps and elementwise activations in sequence")

    @property
    def point(self) -> DensityPoint:
        """The density and x0."""
        return self.differentiated.point

    @property
    def num_matvecs(self) -> int:
        """Number D of products that `dense` takes."""
        return self.differentiated.num_matvecs

    @property
    def along_route(self) -> str:
        """As of `differentiated`."""
        return self.differentiated.along_route

    @property
    def rows_at_once(self) -> int:
        """As of `differentiated`."""
        return self.differentiated.rows_at_once

    @property
    def samples_at_once(self) -> int:
        """As of `differentiated`."""
        return self.differentiated.samples_at_once

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row, by differentiation."""
        return self.differentiated.products(v)

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """``v'H v`` for every row, split into the Gauss-Newton part and each activation's."""
        load_forward_mode()
        x0 = self.point.x0[None]
        with torch.no_grad(), slow_batching_allowed():
            Jv, tangents = vmap(lambda u: jvp(self.taps, (x0,), (u[None],))[1])(v)
        shares = [(t * t).flatten(1) @ w for t, w in zip(tangents, self.weights, strict=True)]
        parts = torch.stack([Jv.square().flatten(1).sum(1), *shares])
        return QuadraticForms.of_parts(-self.precision * parts)

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row, by differentiation."""
        return self.differentiated.along(x, d)

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``grad log p(x).d`` for every row, by differentiation."""
        return self.differentiated.slope(x, d)

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p of every row in nats."""
        return self.differentiated.log_prob(x)

    def dense(self) -> DenseHessian:
        """Return H as a matrix."""
        return write_out(self)

    def with_form_parts(self) -> HessianOperator:
        """Return this operator: it knows the parts."""
        return self


def _latents_of(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """The first of the two results of ``forward(x) -> (z, log_det)``; `RouteError` if it returns anything else."""

    def latents(x: Tensor) -> Tensor:
        result = model(x)
        if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[0], Tensor):
            raise RouteError(f"tapped: {type(model).__name__}.forward(x) must return (z, log_det)")
        return result[0]

    return latents


def _precision(density: LogDensity, latents: Callable[[Tensor], Tensor], x0: Float[Tensor, "*event"]) -> float:
    """Find ``1 / sigma^2`` from ``grad log p = -J'z / sigma^2`` (eq. 6) near x0, where z is not zero.

    A `RouteError` if the two are not parallel: the prior is another one, or the log-determinant depends on x.
    """
    x = x0 + 0.1 * direction(x0, seed=3)
    _, g = value_and_gradient(density, x)
    _, Jz = value_and_gradient(lambda y: 0.5 * latents(y).square().flatten(1).sum(1), x)
    precision = -float((g * Jz).sum() / (Jz * Jz).sum())
    if not precision > 0 or not float((g + precision * Jz).norm()) <= tolerance(x0) * float(g.norm()):
        raise RouteError(
            "tapped: the gradient of log p is not -J'z / sigma^2; expected a prior N(0, sigma^2) on z = forward(x)[0] "
            "and a constant log-determinant"
        )
    return precision


ROUTE = Route("tapped", order=20, make=TappedHessian.of)
