"""Whether the derivatives of a log density are those of its values: first and second, against differences."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import GradientError
from curvature.hessian.derivatives import hessian_vector_products, value_and_gradient
from curvature.hessian.operations import Operations
from curvature.precision import LogDensity

STEPS = (1e-6, 1e-5, 1e-4, 1e-7)
"""Lengths of the differences, in units of the size of the point's entries. A wrong derivative agrees with none of them,
a right one with the first unless it stands at a kink or bends as fast as that."""
STEPS_OF_LOWER_PRECISION = (1e-3, 1e-2)
RELATIVE_TOLERANCE = 1e-3
ROUND_OFF = 100
"""What one evaluation may lose, in units of the last digit."""
BESIDE = 0.01
"""Distance from x0 of the point that is looked at: x0 itself may be a mode, where every gradient is zero."""


@torch.no_grad()
def require_own_derivatives(density: LogDensity, x0: Float[Tensor, "*event"], operations: Operations) -> None:
    """Hold the gradient and one product with the Hessian, beside x0, against central differences along one direction.

    Single precision has too few digits for it, so there nothing is checked.

    Raises
    ------
    GradientError
        If they disagree, or a rounding of the input hides changes of log p.
    """
    if density.dtype != torch.float64:
        return
    x = x0 + BESIDE * (1 + x0.abs()) * _noise(x0, seed=0)
    value, g = value_and_gradient(density, x)
    if not bool(value.isfinite()) or not bool(g.isfinite().all()):
        return  # outside the support
    if operations.rounding:
        _require_no_hidden_change(density, x, value, g, operations)
    u = _unit(_noise(x0, seed=1)) + (_unit(g) if bool(g.any()) else 0.0)
    differences = _Differences(x, u, bool(operations.lower_precision))

    slope, nearest = (g * u).sum(), differences.nearest(density, (g * u).sum(), abs(float(value)))
    if nearest is not None:
        raise GradientError(
            f"log_prob: its gradient is not that of its values: {float(slope):.6g} along one direction, "
            f"{float(nearest):.6g} by differences; a straight-through estimator, a rounding or a detach() inside? "
            "No curvature explains such a log p"
        )
    (Hu,) = next(hessian_vector_products(density, x, u[None], 1))
    if not bool(Hu.isfinite().all()):
        return  # who asks for the Hessian will say so

    def gradients(points: Tensor) -> Tensor:
        return torch.stack([value_and_gradient(density, point)[1] for point in points])

    if differences.nearest(gradients, Hu, float(g.norm())) is not None:
        raise GradientError(
            "log_prob: its second derivatives are not those of its gradient; does an operation inside, such as a "
            "quadrature of its own, allow differentiation once only? Its curvature cannot be computed"
        )


class _Differences:
    """Central differences of functions of x along one direction."""

    def __init__(self, x: Tensor, u: Tensor, lower_precision: bool) -> None:
        size = float((1 + x.abs()).square().mean().sqrt())
        self.x, self.u = x, u
        self.steps = [size * step for step in (STEPS_OF_LOWER_PRECISION if lower_precision else STEPS)]
        self.eps = torch.finfo(torch.float32 if lower_precision else torch.float64).eps

    def nearest(self, function: Callable[[Tensor], Tensor], derivative: Tensor, magnitude: float) -> Tensor | None:
        """Return None if the derivative agrees with differences of some step, else the nearest of them.

        Edges of the support beside x, where differences are not finite, count as agreement.

        Parameters
        ----------
        function
            Of a batch of points.
        derivative
            Of the function, along u.
        magnitude
            Size of the function's values.
        """
        found = []
        for h in self.steps:
            above, below = function(torch.stack([self.x + h * self.u, self.x - h * self.u]))
            difference = (above - below) / (2 * h)
            error = float((difference - derivative).norm())
            noise = ROUND_OFF * self.eps * (magnitude + self.x.numel()) / h
            if not error > RELATIVE_TOLERANCE * max(float(difference.norm()), float(derivative.norm())) + noise:
                return None
            found.append((error, h, difference))
        return min(found)[2] if min(found)[0] < float("inf") else None


def _require_no_hidden_change(density: LogDensity, x: Tensor, value: Tensor, g: Tensor, operations: Operations) -> None:
    """Raise if log p changes along entries of x whose gradient is exactly zero."""
    flat = g == 0
    if not bool(flat.any()):
        return
    moved = density((x + flat * 5 * BESIDE * (1 + x.abs()) * _noise(x, seed=2))[None])[0]
    if bool(moved.isfinite()) and float(moved) != float(value):
        names = ", ".join(sorted(operations.rounding))
        raise GradientError(
            f"log_prob: rounds its input ({names}), so that its derivatives are zero where log p changes; dequantise "
            "outside the model and give log p as a function of real x"
        )


def _noise(like: Tensor, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(like.shape, generator=generator, dtype=torch.float64).to(like)


def _unit(v: Tensor) -> Tensor:
    return v / v.norm()
