"""Claims that are identities: exact for Gaussians, one trace by every route, its parts, and the published form."""

from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from curvature.closed_form.coefficients import published_coefficients
from curvature.errors import RouteError
from curvature.expansion import Expansion
from curvature.moments import Moments
from curvature.traces.trace import TRACE_ROUTES
from curvature.verification.cases import (
    WithCovariance,
    WithSamples,
    WithVariances,
    with_covariance,
    with_samples,
    with_variances,
)
from curvature.verification.claim import Claim, Condition, Evaluation
from curvature.verification.flow_strategies import flows
from curvature.verification.small_numbers import Matrix
from curvature.verification.toy_flow import FlowNumbers, Level, Step, ToyFlow

ROUND_OFF = 1e-9


def gaussian_gap(case: WithSamples) -> Evaluation:
    """The expansion's total against the gap in log p itself, on samples."""
    q, p = case.events(case.q), case.events(case.p)
    log_q, log_p = case.model.log_prob(q), case.model.log_prob(p)
    predicted = case.expansion.predict(Moments.from_samples(q), Moments.from_samples(p), sampling_error=False)
    parts = (predicted.gradient, predicted.mean_shift, predicted.covariance)
    scale = float(log_q.abs().mean() + log_p.abs().mean()) + sum(map(abs, parts))
    return Evaluation(predicted.total, "==", float(log_q.mean() - log_p.mean()), ROUND_OFF * scale)


def agreement_of_routes(case: WithCovariance) -> Evaluation:
    """The route that is furthest off, against torch's Hessian by reverse mode over reverse mode of log_prob itself."""
    H, moments = case.hessian, case.covariance.moments(case.point())
    F = moments.factor
    reference = float((F * (H @ F)).sum())
    # `dense` comes last: with the Hessian at hand other routes might take it.
    routes = [value for name in TRACE_ROUTES if (value := route_value(case.expansion, moments, name)) is not None]
    furthest = max(routes, key=lambda value: abs(value - reference))
    scale = float((F.abs() * (H.abs() @ F.abs())).sum()) + gauss_newton_size(case, F)
    return Evaluation(furthest, "==", reference, ROUND_OFF * scale)


def route_value(expansion: Expansion, moments: Moments, route: str) -> float | None:
    """The trace by one route, None if the model does not allow it."""
    try:
        return float(expansion.trace(moments, route))
    except RouteError:
        return None


def gauss_newton_size(case: WithCovariance, F: Tensor) -> float:
    """Size of the Gauss-Newton part, which the second part may cancel."""
    if not isinstance(case.model, ToyFlow):
        return 0.0
    return float((jacobian(case.model, case.point()) @ F).square().sum()) / case.model.numbers.prior_scale**2


def jacobian(flow: ToyFlow, x0: Tensor) -> Tensor:
    """J by reverse mode."""
    J = torch.autograd.functional.jacobian(lambda x: flow(x[None])[0][0], x0)
    return J.reshape(flow.dim, flow.dim)


def sum_of_attribution(case: WithCovariance) -> Evaluation:
    """Gauss-Newton part and every activation's share, against Hessian-vector products."""
    expansion, moments = case.expansion, case.covariance.moments(case.point())
    parts = expansion.attribution(moments)
    shares = [parts.gauss_newton, *(share.nats for share in parts.activations)]
    right = float(expansion.trace(moments, "hvp"))
    return Evaluation(sum(shares), "==", right, ROUND_OFF * (sum(map(abs, shares)) + abs(right)))


def published_against_exact(case: WithVariances) -> Evaluation:
    """``1/2 Tr{H (Sigma_q - Sigma_p)}`` for channel variances, from kernels alone and from H."""
    flow = case.model
    assert isinstance(flow, ToyFlow)
    C, height, width = flow.event_shape
    change = torch.tensor(case.q, dtype=torch.float64) - torch.tensor(case.p, dtype=torch.float64)
    v = change[:, None, None].expand(C, height, width)
    w = published_coefficients(flow.channel_mixings(), C, flow.numbers.prior_scale).weights(flow.event_shape)
    h = case.expansion.diagonal() / 2
    scale = float((w * v).abs().sum() + (h * v).abs().sum())
    return Evaluation(float((w * v).sum()), "==", float((h * v).sum()), ROUND_OFF * scale)


def linear_flows(**options: Any) -> SearchStrategy[ToyFlow]:
    """Flows without couplings: Gaussians."""
    return flows(activations=(), **options)


def flows_that_meet_eq_37(**options: Any) -> SearchStrategy[ToyFlow]:
    """Linear flows on the condition: diagonal, signed permutations, dense ones of eqs. 40 and 41."""
    families = [flows(activations=(), kernel_kinds=(kind,), **options) for kind in ("diagonal", "permutation")]
    return st.one_of(*families, st.sampled_from((*map(two_channels, ((1, 2), (1, -2), (2, 3), (1, 1))), circulant())))


def two_channels(off_diagonal: tuple[float, float]) -> ToyFlow:
    """The two-channel kernel with these entries off its diagonal (eq. 40)."""
    b, c = off_diagonal
    return one_kernel((((c * c - b * b) / (2 * b), b), (c, (b * b - c * c) / (2 * c))))


def circulant() -> ToyFlow:
    """A dense rotation of three channels about (1, 1, 1), by 60 degrees (eq. 41)."""
    p, q, r = 2 / 3, -1 / 3, 2 / 3
    return one_kernel(((p, q, r), (r, p, q), (q, r, p)))


def one_kernel(kernel: Matrix) -> ToyFlow:
    """A linear flow of one kernel on one pixel."""
    C = len(kernel)
    return ToyFlow(FlowNumbers((C, 1, 1), (Level((Step(kernel, (0.0,) * C),)),)))


CLAIMS = (
    Claim(
        name="gaussian-exact",
        statement="For a Gaussian model the second-order expansion is the likelihood gap itself",
        equations="9, 22",
        cases=with_samples,
        evaluate=gaussian_gap,
        sides=("predicted gap, nats", "gap in log p, nats"),
        essential=True,
        proof="quadratic log p",
        models=linear_flows,
    ),
    Claim(
        name="routes-agree",
        statement="Every exact route to Tr{H Sigma} gives the same number",
        equations="10, 11",
        cases=with_covariance,
        evaluate=agreement_of_routes,
        sides=("the route furthest off", "reverse mode twice"),
        essential=True,
        proof="H in two parts",
        any_density=True,
    ),
    Claim(
        name="attribution-sums",
        statement="The Gauss-Newton part and the shares of all activations add up to Tr{H Sigma}",
        equations="7, 11",
        cases=with_covariance,
        evaluate=sum_of_attribution,
        sides=("sum of the shares", "Hessian-vector products"),
        essential=True,
    ),
    Claim(
        name="published-exact",
        statement="The published closed form is the covariance term of a flow of 1x1 kernels, channels independent",
        equations="24, 37",
        cases=with_variances,
        evaluate=published_against_exact,
        sides=("published, nats", "1/2 Tr{H (Sigma_q - Sigma_p)}"),
        models=linear_flows,
        condition=Condition(
            "(prod_k sum_j u_kcj)^2 = |U e_c|^2 for every channel c: one channel, diagonal kernels, "
            "signed permutations and few others",
            cases=lambda **options: with_variances(flows_that_meet_eq_37(**options)),
        ),
        proof="published = exact",
    ),
)
