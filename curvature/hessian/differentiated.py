"""The Hessian of any differentiable log density by differentiating it twice (theory.md, section 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import RouteError
from curvature.hessian.dense import DenseHessian, form_of, write_out
from curvature.hessian.derivatives import (
    MAPPED,
    directional_curvature,
    directional_slope,
    hessian_vector_products,
)
from curvature.hessian.forms import Part, QuadraticForms
from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route


@dataclass(frozen=True, eq=False)
class DifferentiatedHessian:
    """Products ``H v`` as the derivative of the gradient along v.

    Attributes
    ----------
    point
        The density and x0.
    refusals
        By route: why the model does not allow that faster route.
    """

    point: DensityPoint
    refusals: Mapping[str, str] = field(default_factory=dict)
    form_parts: tuple[Part, ...] = ()
    forms_per_product: int = 1

    @property
    def route(self) -> str:
        """How products are computed, if not in the usual way."""
        usual = self.along_route == MAPPED
        return ROUTE.name if usual else f"{ROUTE.name} ({self.along_route})"

    @property
    def along_route(self) -> str:
        """The order of differentiation, and the kernel of attention if it is not torch's choice."""
        density = self.point.density
        return f"{density.differentiation}{', attention by its plain kernel' if density.math_attention else ''}"

    @property
    def num_matvecs(self) -> int:
        """Number D of products that `dense` takes."""
        return self.point.dim

    @property
    def rows_at_once(self) -> int:
        """Number that fits the memory budget."""
        return self.point.chunk

    @property
    def samples_at_once(self) -> int:
        """Number that fits the memory budget."""
        return self.point.chunk

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row."""
        (Hv,) = hessian_vector_products(self.point.density, self.point.x0, v, len(v))
        return Hv

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """``v'H v`` for every row."""
        return QuadraticForms.of_total(form_of(v, self.products(v)))

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row."""
        return directional_curvature(self.point.density, x, d)

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``grad log p(x).d`` for every row."""
        return directional_slope(self.point.density, x, d)

    @torch.no_grad()
    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p of every row in nats."""
        return self.point.density(x)

    def dense(self) -> DenseHessian:
        """Return H as a matrix."""
        return write_out(self)

    def with_form_parts(self) -> HessianOperator:
        """Raise `RouteError`: differentiation does not tell the parts apart."""
        reasons = "; ".join(self.refusals.values()) or "differentiation does not tell the parts of H apart"
        raise RouteError(reasons)


ROUTE = Route("hvp", order=100, make=DifferentiatedHessian)
