"""The Hessian of a mixture of densities from those of its components, each by its own fastest route (eq. 7a)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import RouteError
from curvature.hessian.dense import DenseHessian, write_out
from curvature.hessian.forms import Part, QuadraticForms
from curvature.hessian.inspection import inspected
from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route
from curvature.hessian.routes import fastest
from curvature.precision import LogDensity

TOLERANCE = 1e-6
"""Largest relative difference between the gradient of log p and that of the mixture that a model describes."""


@runtime_checkable
class HasMixtureComponents(Protocol):
    """A density that is the mean of other densities."""

    def mixture_components(self) -> Sequence[nn.Module]:
        """Return the components, modules with ``log_prob``; they have equal weights."""


@dataclass(frozen=True, eq=False)
class MixtureHessian:
    """``H = sum_k r_k (H_k + g_k g_k') - g g'``: r_k is the share of component k in the density, g = sum_k r_k g_k.

    Attributes
    ----------
    point
        The density and x0.
    components
        The Hessian of every component at x0.
    """

    point: DensityPoint
    components: tuple[HessianOperator, ...]
    form_parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, point: DensityPoint) -> "MixtureHessian":
        """Expand every component about the point.

        Raises
        ------
        RouteError
            If the model is no mixture, or describes another one than its log p.
        """
        module = point.density.module
        if not isinstance(module, HasMixtureComponents):
            raise RouteError("mixture: the model has no method mixture_components(); use 'exact' or 'hvp'")
        densities = (LogDensity.of(each, point.density.dtype) for each in module.mixture_components())
        found = cls(point, tuple(fastest(point.of_part(inspected(each, point.x0))) for each in densities))
        g = found.shares(point.x0[None])[:, 0] @ found._gradients()
        if float((g - point.gradient.flatten()).norm()) > TOLERANCE * (1 + float(point.gradient.norm())):
            raise RouteError(f"mixture: the components of {type(module).__name__} are not those of its log p")
        return found

    @property
    def route(self) -> str:
        """The name, and how the Hessians of the components are computed."""
        return f"{ROUTE.name} ({', '.join(dict.fromkeys(each.route for each in self.components))})"

    @property
    def along_route(self) -> str:
        """The same along paths."""
        return f"{ROUTE.name} ({', '.join(dict.fromkeys(each.along_route for each in self.components))})"

    @property
    def num_matvecs(self) -> int:
        """Number D of products that `dense` takes."""
        return self.point.dim

    @property
    def forms_per_product(self) -> int:
        """That of the components."""
        return max(each.forms_per_product for each in self.components)

    @property
    def rows_at_once(self) -> int:
        """Number of rows that all components take."""
        return min(each.rows_at_once for each in self.components)

    @property
    def samples_at_once(self) -> int:
        """Number of samples that all components take."""
        return min(each.samples_at_once for each in self.components)

    def shares(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        """``r_k(x) = p_k(x) / sum_j p_j(x)`` for every row."""
        return self._log_probs(x).softmax(0)

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row."""
        r, g = self.shares(self.point.x0[None])[:, 0], self._gradients()
        slopes = v.flatten(1) @ g.mT
        Hv = torch.stack([each.products(v).flatten(1) for each in self.components])
        mixed = torch.einsum("k,kri->ri", r, Hv) + (slopes * r) @ g - torch.outer(slopes @ r, r @ g)
        return mixed.reshape(v.shape)

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """``v'H v`` for every row."""
        forms = torch.stack([each.forms(v).total for each in self.components])
        slopes = self._gradients() @ v.flatten(1).mT
        return QuadraticForms.of_total(_mixed(self.shares(self.point.x0[None]), forms, slopes))

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row."""
        curvatures = torch.stack([each.along(x, d) for each in self.components])
        return _mixed(self.shares(x), curvatures, self._slopes(x, d))

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
        """Raise `RouteError`: a mixture is no sum of activations."""
        raise RouteError("mixture: the Hessian of a mixture has no parts by activation; expand one component")

    def _log_probs(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        return torch.stack([each.log_prob(x) for each in self.components])

    def _slopes(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        return torch.stack([each.slope(x, d) for each in self.components])

    def _gradients(self) -> Float[Tensor, " K D"]:
        return torch.stack([each.point.gradient.flatten() for each in self.components])


def _mixed(r: Float[Tensor, " K B"], forms: Float[Tensor, " K B"], slopes: Float[Tensor, " K B"]) -> Tensor:
    """``sum_k r_k (v'H_k v + (g_k.v)^2) - (g.v)^2``."""
    return (r * (forms + slopes**2)).sum(0) - (r * slopes).sum(0) ** 2


ROUTE = Route("mixture", order=5, make=MixtureHessian.of)
