"""Check of the layers that a model describes: log p, its gradient and one curvature against log_prob itself."""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import RouteError
from curvature.hessian.derivatives import hessian_vector_products
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.linearisation import Linearisation
from curvature.hessian.point import DensityPoint
from curvature.precision import LogDensity


def verified_linearisation(point: DensityPoint, layers: LayeredFlow) -> Linearisation:
    """Linearise the layers at x0 and compare them with log p, its gradient g and one random ``v'H v`` there.

    Raises
    ------
    RouteError
        If they disagree by more than round-off: the description is not of this log_prob.
    """
    density, x0, value, g = point.density, point.x0, point.value, point.gradient
    linearised = Linearisation.of(layers, x0)
    v = direction(x0)
    forms = linearised.forms(v[None])
    length = float(v.norm())
    # Round-off is relative to the sum of the parts' sizes, not to what remains after they cancel.
    steepness = float(forms.parts[0].abs().sqrt()) / length * layers.precision**0.5
    checks = {
        "log p": (linearised.value, value, abs(value) + layers.dim),
        "gradient": (0.0, float((linearised.gradient - g).norm()), float(g.norm()) + steepness * layers.dim**0.5),
        "curvature": (float(forms.total), curvature_along(density, x0, v), float(forms.magnitude)),
    }
    for name, (through_layers, differentiated, scale) in checks.items():
        if not abs(through_layers - differentiated) <= tolerance(x0) * scale:
            raise RouteError(
                f"curvature_layers(): {name} through the layers differs from log_prob's by "
                f"{abs(through_layers - differentiated):.3g}; describe the same density"
            )
    return linearised


def curvature_along(density: LogDensity, x0: Float[Tensor, "*event"], v: Float[Tensor, "*event"]) -> float:
    """``v'H v`` by forward-over-reverse differentiation."""
    (Hv,) = hessian_vector_products(density, x0, v[None], 1)
    return float((Hv[0] * v).sum())


def direction(x0: Tensor, seed: int = 0) -> Tensor:
    """A fixed pseudo-random direction of the shape of x0, standard normal."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(x0.shape, generator=generator, dtype=torch.float64).to(x0)


def tolerance(x0: Tensor) -> float:
    """Relative disagreement that round-off may cause; a wrong formula causes far more."""
    return float(torch.finfo(x0.dtype).eps ** 0.5)
