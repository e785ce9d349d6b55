"""What a file of this package gives to be found as a route to the Hessian."""

from collections.abc import Callable
from dataclasses import dataclass

from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint


@dataclass(frozen=True)
class Route:
    """A way to the Hessian.

    Attributes
    ----------
    name
        As for `Expansion.trace`, and as results record it.
    order
        Routes of a lower number are tried first; give the faster ones lower numbers.
    make
        Builds the operator; raises `RouteError`, saying why and naming the module in the way, where the model does not
        allow the route.
    """

    name: str
    order: int
    make: Callable[[DensityPoint], HessianOperator]
