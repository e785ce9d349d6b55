"""``Tr{H Sigma}`` by the name of a method: an exact one, a route to the Hessian, or an estimate."""

from functools import lru_cache
from typing import Any

import torch

from curvature.discovery import discover
from curvature.errors import OptionError, RouteError
from curvature.hessian.operator import HessianOperator
from curvature.hessian.routes import by_route, routes
from curvature.moments import Moments
from curvature.names import unknown_name
from curvature.traces.exact import summed_trace
from curvature.traces.signed import SignedFactor
from curvature.traces.trace import Trace


@lru_cache
def _members(attribute: str) -> dict[str, Any]:
    """Methods of one kind by name; every file of this package may define some."""
    return {name: function for found in discover("curvature.traces", attribute) for name, function in found.items()}


def exact_methods() -> tuple[str, ...]:
    """Names of the methods without a random error, routes to the Hessian included."""
    return (*_members("EXACT"), *routes())


def trace(
    operator: HessianOperator,
    moments: Moments,
    method: str = "exact",
    *,
    versus: Moments | None = None,
    num_matvecs: int | None = None,
    generator: torch.Generator | int | None = None,
) -> Trace:
    """Compute ``Tr{H Sigma}`` by the named method; see `Expansion.trace`.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    OptionError
        If an estimate lacks its budget or generator or is asked for a difference, or an exact method is given a budget.
    RouteError
        If the model does not allow the method; the message names the module that prevents it.
    """
    exact, estimates = _members("EXACT"), _members("ESTIMATE")
    if method in estimates:
        if versus is not None:
            raise OptionError(
                f"trace: {method!r} estimates no difference of covariances; use an exact route with versus"
            )
        found: Trace = estimates[method](operator, moments, num_matvecs, generator)
        return found
    if method not in exact_methods():
        raise unknown_name("trace method", method, [*exact_methods(), *estimates])
    if num_matvecs is not None or generator is not None:
        raise OptionError(f"trace: {method!r} takes no num_matvecs and no generator; did you mean 'deflated'?")
    factor = SignedFactor.of(moments, versus, operator.point.x0)
    if method in exact:
        contracted: Trace = exact[method](operator, factor)
        return contracted
    try:
        chosen = by_route(method, operator)
    except RouteError as error:
        raise RouteError(f"{error}; use 'exact' or 'hvp'") from error
    return summed_trace(chosen, factor)
