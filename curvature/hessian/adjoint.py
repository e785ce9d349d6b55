"""The Hessian of a flow that describes its layers: tangents are pushed layer by layer (theory.md, eqs. 60 to 63)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import RouteError
from curvature.hessian.dense import DenseHessian, write_out
from curvature.hessian.forms import GAUSS_NEWTON, Part, QuadraticForms
from curvature.hessian.layered.flow import HasCurvatureLayers, LayeredFlow
from curvature.hessian.layered.linearisation import Linearisation
from curvature.hessian.layered.paths import ROWS_PER_SAMPLE, curvature_along_lines, slope_along_lines
from curvature.hessian.layered.verification import verified_linearisation
from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route
from curvature.memory import rows_within
from curvature.precision import LogDensity


@dataclass(frozen=True, eq=False)
class LayeredHessian:
    """H of a flow linearised at x0, with the weight of every hidden unit from one backward pass.

    Attributes
    ----------
    point
        The density and x0.
    linearisation
        The layers at x0, verified against the density.
    rows_at_once
        Number of rows at which the widest ones still fit the cache and the memory budget.
    """

    point: DensityPoint
    linearisation: Linearisation
    rows_at_once: int
    route: str = "adjoint"
    along_route: str = "2-jet through the layers"
    forms_per_product: int = 2  # a product pushes and pulls, a form only pushes

    @classmethod
    def of(cls, point: DensityPoint) -> "LayeredHessian":
        """Linearise the layers that the model describes, and check them against log p.

        Raises
        ------
        RouteError
            If the model does not describe its layers, or describes another density.
        """
        linearisation = verified_linearisation(point, described_layers(point.density))
        row_bytes = linearisation.flow.widest(point.x0) * point.x0.element_size()
        return cls(point, linearisation, rows_within(point.memory_budget, row_bytes, point.x0.device))

    @property
    def num_matvecs(self) -> int:
        """Number D of products that `dense` takes."""
        return self.point.dim

    @property
    def form_parts(self) -> tuple[Part, ...]:
        """Gauss-Newton, then every activation."""
        return (GAUSS_NEWTON, *(Part(a.name, a.level, a.step, a.layer) for a in self.linearisation.activations))

    @property
    def samples_at_once(self) -> int:
        """Number of samples at once; each takes three rows, value, first and second derivative."""
        return max(self.rows_at_once // ROWS_PER_SAMPLE, 1)

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row."""
        return self.linearisation.products(v)

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """``v'H v`` for every row, by pushing tangents only."""
        return self.linearisation.forms(v)

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row."""
        return curvature_along_lines(self.linearisation.flow, x, d)

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``grad log p(x).d`` for every row."""
        return slope_along_lines(self.linearisation.flow, x, d)

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p of every row in nats."""
        return self.linearisation.flow.log_prob(x)

    def dense(self) -> DenseHessian:
        """Return H as a matrix."""
        return write_out(self)

    def with_form_parts(self) -> HessianOperator:
        """Return this operator: it knows the parts."""
        return self


def described_layers(density: LogDensity) -> LayeredFlow:
    """Return the layers that the model of a density describes.

    Raises
    ------
    RouteError
        If it does not describe them; the message says why.
    """
    try:
        return _layers(density.module, density.refusal)
    except RouteError as error:
        raise RouteError(f"layers of the model: {error}") from error


def _layers(module: nn.Module | None, refusal: str) -> LayeredFlow:
    if module is None:
        raise RouteError(refusal)
    if not isinstance(module, HasCurvatureLayers):
        raise RouteError(f"{type(module).__name__} does not describe its layers (no method curvature_layers())")
    return module.curvature_layers()


ROUTE = Route("adjoint", order=10, make=LayeredHessian.of)
