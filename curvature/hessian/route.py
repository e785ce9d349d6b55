"""What a file of this package defines in order to be found as a route to the Hessian."""

from collections.abc import Callable
from dataclasses import dataclass

from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint


@dataclass(frozen=True)
class Route:
    """One way to compute the Hessian.

    Attributes
    ----------
    name
        Name for `Expansion.trace` and in results.
    order
        Routes of a lower number are tried first; give the faster ones lower numbers.
    make
        Builds the operator; where the model does not allow the route it raises `RouteError` with the reason and the
        name of the module that prevents it.
    """

    name: str
    order: int
    make: Callable[[DensityPoint], HessianOperator]
