"""Claims about signs: H and its parts, and what follows from them for less variance, contrast and constants."""

from typing import Any

import torch

from curvature.moments import Moments
from curvature.verification.cases import (
    AtPoint,
    Models,
    WithContrasts,
    WithCovariance,
    WithOrder,
    at_modes,
    at_points,
    with_contrasts,
    with_covariance,
    with_order,
)
from curvature.verification.claim import Claim, Condition, Evaluation
from curvature.verification.flow_strategies import SMOOTH, bending_flows
from curvature.verification.identity_claims import jacobian
from curvature.verification.toy_flow import ToyFlow

# Clear of round-off, so that no counterexample is one of rounding.
MARGIN = 1e-7


def gauss_newton_part(case: WithCovariance) -> Evaluation:
    """The largest Gauss-Newton share of ``Tr{H Sigma}`` that a route reports, or the largest eigenvalue of ``-J'J``."""
    flow = case.model
    assert isinstance(flow, ToyFlow)
    J = jacobian(flow, case.point())
    expansion, moments = case.expansion, case.covariance.moments(case.point())
    reported = [expansion.trace(moments, route).gauss_newton for route in ("adjoint", "jet", "tapped")]
    eigenvalue = float(torch.linalg.eigvalsh(-J.T @ J / flow.numbers.prior_scale**2)[-1])
    largest = max(eigenvalue, *(share for share in reported if share is not None))
    return Evaluation(largest, "<=", 0.0, MARGIN * float(J.square().sum()) / flow.numbers.prior_scale**2)


def largest_eigenvalue(case: AtPoint) -> Evaluation:
    """The largest eigenvalue of H."""
    eigenvalues = torch.linalg.eigvalsh(case.hessian)
    return Evaluation(float(eigenvalues[-1]), "<=", 0.0, MARGIN * float(eigenvalues.abs().max()))


def is_negative_semi_definite(case: AtPoint) -> bool:
    """Whether H has no positive eigenvalue."""
    return largest_eigenvalue(case).holds


def covariance_term(case: WithOrder) -> Evaluation:
    """``1/2 Tr{H (Sigma_q - Sigma_p)}`` for ``Sigma_q <= Sigma_p``."""
    x0 = case.point()
    return _gain(case, case.pair.q.moments(x0), case.pair.p.moments(x0))


def lower_contrast(case: WithContrasts) -> Evaluation:
    """Predicted gain of the lower contrast towards x0 over the higher one."""
    moments = case.covariance.moments(case.point())
    lower, higher = (moments.contrast(lam, towards=case.point()) for lam in (case.lower, case.higher))
    return _gain(case, lower, higher)


def constant_input(case: WithCovariance) -> Evaluation:
    """Predicted gain of the constant x0 over data with mean x0."""
    return _gain(case, Moments.constant(case.point()), case.covariance.moments(case.point()))


def _gain(case: AtPoint, q: Moments, p: Moments) -> Evaluation:
    """``1/2 Tr{H (Sigma_q - Sigma_p)}``, the predicted gap of q against p with means x0 (eq. 9), is not negative."""
    H = case.hessian
    change = q.covariance() - p.covariance()
    scale = float(H.abs().max()) * (q.total_variance + p.total_variance)
    return Evaluation(float((H * change).sum()) / 2, ">=", 0.0, MARGIN * scale)


def curved_flows(**options: Any) -> Models:
    """Flows without ReLU, whose Hessians have a second part."""
    return bending_flows(**{"activations": SMOOTH, **options})


SEMI_DEFINITE = Condition("H negative semi-definite at x0", meets=is_negative_semi_definite)

CLAIMS = (
    Claim(
        name="gauss-newton-sign",
        statement="The Gauss-Newton part of H is negative semi-definite, for any parameters",
        equations="7",
        cases=with_covariance,
        evaluate=gauss_newton_part,
        sides=("its largest eigenvalue or share", "0"),
        essential=True,
        proof="Gauss-Newton part",
    ),
    Claim(
        name="hessian-sign",
        statement="H is negative semi-definite, for any parameters (the published argument needs it)",
        equations="7, 43, 51",
        cases=at_points,
        models=curved_flows,
        evaluate=largest_eigenvalue,
        sides=("largest eigenvalue of H", "0"),
        condition=Condition("at z = f(x0) = 0, the mode of log p", cases=at_modes),
        proof="semi-definite at the mode",
        any_density=True,
    ),
    Claim(
        name="less-variance-likelier",
        statement="Less variance in every direction, Sigma_q <= Sigma_p, is predicted to be more likely",
        equations="9, 11, 43",
        cases=with_order,
        models=curved_flows,
        evaluate=covariance_term,
        sides=("1/2 Tr{H (Sigma_q - Sigma_p)}", "0"),
        condition=SEMI_DEFINITE,
        proof="less variance, more likely",
        any_density=True,
    ),
    Claim(
        name="contrast-monotone",
        statement="Lower contrast towards x0 is predicted to be more likely",
        equations="9, 13",
        cases=with_contrasts,
        models=curved_flows,
        evaluate=lower_contrast,
        sides=("predicted gain of the lower contrast", "0"),
        condition=SEMI_DEFINITE,
        proof="lower contrast, more likely",
        any_density=True,
    ),
    Claim(
        name="constant-extreme",
        statement="The constant x0 is predicted to be the most likely of all inputs with mean x0",
        equations="9, 15",
        cases=with_covariance,
        models=curved_flows,
        evaluate=constant_input,
        sides=("predicted gain of the constant", "0"),
        condition=SEMI_DEFINITE,
        proof="constants extreme",
        any_density=True,
    ),
)
