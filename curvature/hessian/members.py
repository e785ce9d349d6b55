"""The Hessian of an ensemble from those of its members, each by its own fastest route (theory.md, eq. 65).

A model says that it is the mean of other models' densities by a method ``member_densities()``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import OtherKindOfModelError, RouteError
from curvature.hessian.dense import DenseHessian, write_out
from curvature.hessian.forms import Part, QuadraticForms
from curvature.hessian.inspection import inspected
from curvature.hessian.mixture import forms_of_mixture, products_with_covariance
from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route
from curvature.hessian.routes import fastest
from curvature.precision import LogDensity

TOLERANCE = 1e-6
"""Largest relative difference between the gradient of log p and that of the members' mean density."""


@runtime_checkable
class HasMembers(Protocol):
    """A density that is the mean of other densities."""

    def member_densities(self) -> Sequence[nn.Module]:
        """Return the members, modules with ``log_prob``; they have equal weights."""


@dataclass(frozen=True, eq=False)
class EnsembleHessian:
    """``H = sum_k w_k (H_k + g_k g_k') - g g'``: w_k is the share of member k in the density, g = sum_k w_k g_k.

    Attributes
    ----------
    point
        The density and x0.
    members
        The Hessian of every member at x0.
    """

    point: DensityPoint
    members: tuple[HessianOperator, ...]
    form_parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, point: DensityPoint) -> "EnsembleHessian":
        """Expand every member about the point.

        Raises
        ------
        RouteError
            If the model is no ensemble, or its log p is not that of the members.
        """
        module = point.density.module
        if not isinstance(module, HasMembers):
            raise OtherKindOfModelError("members: the model has no method member_densities")
        densities = (LogDensity.of(each, point.density.dtype) for each in module.member_densities())
        found = cls(point, tuple(fastest(point.of_part(inspected(each, point.x0))) for each in densities))
        g = found.shares(point.x0[None])[:, 0] @ found._gradients()
        if float((g - point.gradient.flatten()).norm()) > TOLERANCE * (1 + float(point.gradient.norm())):
            raise RouteError(f"members: log p of {type(module).__name__} is not that of its members")
        return found

    @property
    def route(self) -> str:
        """The name, and how the Hessians of the members are computed."""
        return f"{ROUTE.name} ({', '.join(dict.fromkeys(each.route for each in self.members))})"

    @property
    def along_route(self) -> str:
        """The same along paths."""
        return f"{ROUTE.name} ({', '.join(dict.fromkeys(each.along_route for each in self.members))})"

    @property
    def num_matvecs(self) -> int:
        """Number D of products that `dense` takes."""
        return self.point.dim

    @property
    def forms_per_product(self) -> int:
        """The most of any member."""
        return max(each.forms_per_product for each in self.members)

    @property
    def rows_at_once(self) -> int:
        """Number of rows that all members take."""
        return min(each.rows_at_once for each in self.members)

    @property
    def samples_at_once(self) -> int:
        """Number of samples that all members take."""
        return min(each.samples_at_once for each in self.members)

    def shares(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        """``w_k(x) = p_k(x) / sum_j p_j(x)`` for every row."""
        return self._log_probs(x).softmax(0)

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row."""
        w = self.shares(self.point.x0[None])[:, 0]
        Hv = torch.stack([each.products(v).flatten(1) for each in self.members])
        mixed = torch.einsum("k,kri->ri", w, Hv) + products_with_covariance(w, self._gradients(), v.flatten(1))
        return mixed.reshape(v.shape)

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """``v'H v`` for every row."""
        forms = torch.stack([each.forms(v).total for each in self.members])
        slopes = self._gradients() @ v.flatten(1).mT
        return QuadraticForms.of_total(forms_of_mixture(self.shares(self.point.x0[None]), forms, slopes))

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row."""
        curvatures = torch.stack([each.along(x, d) for each in self.members])
        return forms_of_mixture(self.shares(x), curvatures, self._slopes(x, d))

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``grad log p(x).d`` for every row."""
        return (self.shares(x) * self._slopes(x, d)).sum(0)

    @torch.no_grad()
    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p of every row in nats."""
        return self.point.density(x)

    def dense(self) -> DenseHessian:
        """Return H as a matrix."""
        return write_out(self)

    def with_form_parts(self) -> HessianOperator:
        """Raise `RouteError`: an ensemble is no sum of activations."""
        raise RouteError("members: the Hessian of an ensemble has no parts by activation; expand one member")

    def _log_probs(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        return torch.stack([each.log_prob(x) for each in self.members])

    def _slopes(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        return torch.stack([each.slope(x, d) for each in self.members])

    def _gradients(self) -> Float[Tensor, " K D"]:
        return torch.stack([each.point.gradient.flatten() for each in self.members])


ROUTE = Route("members", order=5, make=EnsembleHessian.of)
