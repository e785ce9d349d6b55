"""The registry of routes to the Hessian, and the choice of the fastest one that a model allows."""

from functools import lru_cache

from curvature.discovery import discover
from curvature.errors import OtherKindOfModelError, RouteError
from curvature.hessian.differentiated import DifferentiatedHessian
from curvature.hessian.operator import HessianOperator
from curvature.hessian.point import DensityPoint
from curvature.hessian.route import Route
from curvature.names import unknown_name


@lru_cache
def routes() -> dict[str, Route]:
    """All routes by name, in the order in which they are tried."""
    found: list[Route] = sorted(discover("curvature.hessian", "ROUTE"), key=lambda route: route.order)
    return {route.name: route for route in found}


def fastest(point: DensityPoint) -> HessianOperator:
    """Build the first route that the model allows; differentiation comes last and is always allowed."""
    refusals: dict[str, str] = {}
    for route in routes().values():
        if route.make is DifferentiatedHessian:
            break
        try:
            return route.make(point)
        except OtherKindOfModelError:
            continue
        except RouteError as error:
            refusals[route.name] = str(error)
    return DifferentiatedHessian(point, refusals)


def by_route(name: str, operator: HessianOperator) -> HessianOperator:
    """Return an operator of the same Hessian by the named route; the given one if it is of that route.

    Raises
    ------
    UnknownNameError
        If there is no such route.
    RouteError
        If the model does not allow it.
    """
    if name not in routes():
        raise unknown_name("route", name, routes())
    return operator if operator.route.split()[0] == name else routes()[name].make(operator.point)
