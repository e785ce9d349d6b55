"""Claim: every exact route to Tr{H Sigma} gives the same number (docs/theory.md, eqs. 10, 11, 35)."""

from torch import Tensor

from curvature import Moments
from curvature.claims import (
    ROUND_OFF,
    Claim,
    Evaluation,
    Evidence,
    RandomTest,
    ToyFlow,
    Verdict,
    WithCovariance,
    with_covariance,
)
from curvature.claims.engine.symbolic.derivation import SIZES, derive
from curvature.errors import RouteError
from curvature.expansion import Expansion
from curvature.traces.methods import exact_methods
from curvature.traces.trace import Trace


def agreement_of_routes(case: WithCovariance) -> Evaluation:
    """The route with the largest error, against torch's Hessian of log_prob by reverse mode over reverse mode."""
    H, moments = case.hessian, case.moments(case.covariance)
    F = case.in_frame(moments)
    reference = float((F * (H @ F)).sum())
    # The dense Hessian of large events takes thousands of products.
    routes = [route for route in exact_methods() if route != "dense" or len(H) == case.expansion.dim]
    traces = [found for route in routes if (found := trace_by(route, case.expansion, moments)) is not None]
    furthest = max(map(float, traces), key=lambda value: abs(value - reference))
    scale = float((F.abs() * (H.abs() @ F.abs())).sum()) + gauss_newton_size(case, F)
    scale += max(abs(found.gauss_newton or 0.0) for found in traces)
    return Evaluation(furthest, "==", reference, ROUND_OFF * scale)


def trace_by(route: str, expansion: Expansion, moments: Moments) -> Trace | None:
    """The trace by one route, None if the model does not allow it."""
    try:
        return expansion.trace(moments, route)
    except RouteError:
        return None


def gauss_newton_size(case: WithCovariance, F: Tensor) -> float:
    """Size of the Gauss-Newton part, which the second part may cancel."""
    if not isinstance(case.model, ToyFlow):
        return 0.0
    return float((case.model.jacobian(case.point()) @ F).square().sum()) / case.model.numbers.prior_scale**2


def hessian_splits() -> Evidence:
    """Eqs. 7, 34 and 35 against sympy's own differentiation."""
    return Evidence(
        method="second derivatives of log p minus -(J'J + sum_i z_i Hess f_i) / sigma^2, with J the product of the "
        "steps' Jacobians and the second part a sum over couplings, expanded, for any kernels and couplings",
        proofs={f"C={C}, K={K}": derive(C, K).is_proved() for C, K in SIZES},
    )


CLAIM = Claim(
    name="routes-agree",
    order=20,
    statement="Every exact route to Tr{H Sigma} gives the same number",
    equations=(10, 11, 35),
    expected=Verdict.HOLDS,
    essential=True,
    test=RandomTest(
        cases=with_covariance,
        evaluate=agreement_of_routes,
        sides=("the route furthest off", "reverse mode twice"),
        needs="",
    ),
    evidence=hessian_splits,
)
