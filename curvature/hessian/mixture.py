"""The Hessian of a mixture, component by component, where all of them at once exceed the memory (theory.md, eq. 65).

With ``log p = log sum_k exp(l_k)``, weights ``w_k = exp(l_k) / p`` and the gradients ``g_k`` of the components,

    H = sum_k w_k (H_k + g_k g_k') - g g',    g = sum_k w_k g_k.

A model says that it is a mixture by a method ``log_components()``, which returns the functions ``l_k``, each
``[B, *event] -> [B]`` in nats.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import OtherKindOfModelError, RouteError
from curvature.hessian.derivatives import (
    MAPPED,
    directional_curvature,
    directional_slope,
    hessian_vector_products,
    value_and_gradient,
)
from curvature.hessian.differentiated import DifferentiatedHessian
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route
from curvature.memory import columns_within
from curvature.precision import LogDensity

FROM_SUM = 1e-9
"""Relative difference of log p and the sum over the components that is taken for round-off."""


@dataclass(frozen=True, eq=False)
class MixtureHessian(DifferentiatedHessian):
    """Products ``H v`` as weighted sums over components that are differentiated one after the other.

    Attributes
    ----------
    components
        The functions ``l_k``.
    weights
        ``w_k`` at x0.
    gradients
        ``g_k`` at x0.
    chunk
        Number of tangents or samples of one component that fit the memory budget.
    """

    components: tuple[LogDensity, ...] = ()
    weights: Float[Tensor, " K"] = field(default_factory=lambda: torch.empty(0))
    gradients: Float[Tensor, " K *event"] = field(default_factory=lambda: torch.empty(0))
    chunk: int = 1

    @classmethod
    def of(cls, point: DensityPoint) -> "MixtureHessian":
        """Take a mixture apart.

        Raises
        ------
        RouteError
            If the model is no mixture, or may be differentiated as a whole within the memory budget.
        """
        make: Any = getattr(point.density.module, "log_components", None)
        if make is None:
            raise OtherKindOfModelError("mixture: the model has no method log_components")
        if point.chunk > 1:
            raise RouteError("mixture: all components fit the memory budget at once")
        if point.density.differentiation != MAPPED:
            raise RouteError(f"mixture: log p is differentiated by {point.density.differentiation}")
        components = tuple(replace(point.density, function=function) for function in make())
        found = [value_and_gradient(component, point.x0) for component in components]
        values, gradients = torch.stack([value for value, _ in found]), torch.stack([g for _, g in found])
        total = float(torch.logsumexp(values, 0))
        if abs(total - point.value) > FROM_SUM * max(abs(point.value), 1.0):
            raise RouteError(f"mixture: log_components sum to log p = {total:.9g}, log_prob is {point.value:.9g}")
        chunk = columns_within(point.memory_budget, components[0], point.x0)
        return cls(point, components=components, weights=values.softmax(0), gradients=gradients, chunk=chunk)

    @property
    def route(self) -> str:
        """How quadratic forms are computed."""
        return f"{ROUTE.name} ({len(self.components)} components)"

    @property
    def rows_at_once(self) -> int:
        """Number that fits the memory budget."""
        return self.chunk

    @property
    def samples_at_once(self) -> int:
        """Number that fits the memory budget."""
        return self.chunk

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row."""
        Hv = products_with_covariance(self.weights, self.gradients.flatten(1), v.flatten(1))
        for component, weight in zip(self.components, self.weights, strict=True):
            (of_component,) = hessian_vector_products(component, self.point.x0, v, len(v))
            Hv += weight * of_component.flatten(1)
        return Hv.reshape(v.shape)

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row."""
        w, slopes = self._weights_and_slopes(x, d)
        curvatures = torch.stack([directional_curvature(component, x, d) for component in self.components])
        return forms_of_mixture(w, curvatures, slopes)

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``grad log p(x).d`` for every row."""
        w, slopes = self._weights_and_slopes(x, d)
        return (w * slopes).sum(0)

    @torch.no_grad()
    def _weights_and_slopes(self, x: Tensor, d: Tensor) -> tuple[Float[Tensor, "K B"], Float[Tensor, "K B"]]:
        w = torch.stack([component(x) for component in self.components]).softmax(0)
        return w, torch.stack([directional_slope(component, x, d) for component in self.components])


def products_with_covariance(
    w: Float[Tensor, " K"], g_k: Float[Tensor, " K D"], rows: Float[Tensor, " R D"]
) -> Float[Tensor, " R D"]:
    """``sum_k w_k g_k g_k'v - g g'v`` for every row v: the covariance of the components' gradients."""
    g = w @ g_k
    return (rows @ g_k.mT * w) @ g_k - torch.outer(rows @ g, g)


def forms_of_mixture(
    w: Float[Tensor, " K #B"], forms: Float[Tensor, " K B"], slopes: Float[Tensor, " K B"]
) -> Float[Tensor, " B"]:
    """``v'H v`` by (65), from the components' own ``v'H_k v`` and slopes ``g_k.v``."""
    return (w * (forms + slopes.square())).sum(0) - (w * slopes).sum(0).square()


ROUTE = Route("mixture", order=90, make=MixtureHessian.of)
