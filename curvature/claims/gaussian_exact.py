"""Claim: for a Gaussian model the second-order expansion is the likelihood gap itself (docs/theory.md, eqs. 9, 22)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from curvature import Moments
from curvature.claims import ROUND_OFF, AtPoint, Claim, Evaluation, Evidence, Matrix, RandomTest, Verdict, cases_of
from curvature.claims.engine.symbolic.derivation import derive
from curvature.claims.engine.symbolic.vanishing import vanishes
from curvature.claims.strategies import linear_flows, points


@dataclass(frozen=True)
class WithSamples(AtPoint):
    """A model, a point, and two to four samples of q and of p."""

    q: Matrix
    p: Matrix


def samples(event_shape: Sequence[int]) -> SearchStrategy[Any]:
    """Two to four samples."""
    return st.lists(points(event_shape), min_size=2, max_size=4).map(tuple)


def gaussian_gap(case: WithSamples) -> Evaluation:
    """The expansion's total against the gap in log p itself, on samples."""
    q, p = case.events(case.q), case.events(case.p)
    log_q, log_p = case.model.log_prob(q), case.model.log_prob(p)
    predicted = case.expansion.predict(Moments.from_samples(q), Moments.from_samples(p), sampling_error=False)
    parts = (predicted.gradient, predicted.mean_shift, predicted.covariance)
    scale = float(log_q.abs().mean() + log_p.abs().mean()) + sum(map(abs, parts))
    return Evaluation(predicted.total, "==", float(log_q.mean() - log_p.mean()), ROUND_OFF * scale)


def quadratic_is_exact() -> Evidence:
    """Log p of a linear flow minus its own second-order expansion about any point vanishes."""

    def agrees(channels: int, steps: int) -> bool:
        flow = derive(channels, steps, couplings=False)
        x0 = sympy.Matrix(sympy.symbols(f"a1:{channels + 1}", real=True))
        at = dict(zip(flow.x, x0, strict=True))
        g = sympy.Matrix([sympy.diff(flow.log_prob, v) for v in flow.x]).subs(at)
        H = flow.second_derivatives.subs(at)
        d = flow.x - x0
        taylor = flow.log_prob.subs(at) + (g.T * d)[0] + (d.T * H * d)[0] / 2
        return vanishes([flow.log_prob - taylor])

    return Evidence(
        method="log p of a linear flow minus its expansion about any point, expanded, for any kernels",
        proofs={f"C={C}, K={K}": agrees(C, K) for C, K in ((1, 1), (2, 1), (2, 2), (3, 1))},
    )


CLAIM = Claim(
    name="gaussian-exact",
    order=10,
    statement="For a Gaussian model the second-order expansion is the likelihood gap itself",
    equations=(9, 22),
    expected=Verdict.HOLDS,
    essential=True,
    test=RandomTest(
        cases=cases_of(WithSamples, lambda shape: [points(shape), samples(shape), samples(shape)]),
        evaluate=gaussian_gap,
        sides=("predicted gap, nats", "gap in log p, nats"),
        models=linear_flows,
        needs="a Gaussian model: see the check gaussian-identities (check_flow)",
    ),
    evidence=quadratic_is_exact,
)
