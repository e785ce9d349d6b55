"""Claim: less variance in every direction is predicted to be more likely (docs/theory.md, eqs. 9, 11, 43)."""

from dataclasses import dataclass

import sympy

from curvature.claims import (
    AtPoint,
    Claim,
    Counterexample,
    Evaluation,
    Evidence,
    OrderedCovariances,
    RandomTest,
    Verdict,
    cases_of,
)
from curvature.claims.engine.signs import SEMI_DEFINITE, predicted_gain
from curvature.claims.engine.symbolic.one_coupling import WHOLE_NUMBERS
from curvature.claims.engine.symbolic.sums_of_squares import ordered_trace_facts
from curvature.claims.strategies import curved_flows, ordered_covariances, points


@dataclass(frozen=True)
class WithOrder(AtPoint):
    """A model, a point, and two covariances, ``Sigma_q <= Sigma_p``."""

    pair: OrderedCovariances


def covariance_term(case: WithOrder) -> Evaluation:
    """``1/2 Tr{H (Sigma_q - Sigma_p)}`` for ``Sigma_q <= Sigma_p``."""
    return predicted_gain(case, case.moments(case.pair.q), case.moments(case.pair.p))


def less_variance_is_likelier() -> Evidence:
    """The sign is sound for a negative semi-definite H, and false for the H of whole numbers."""
    H = WHOLE_NUMBERS.hessian
    q, p = sympy.diag(0, 1), sympy.diag(1, 1)
    trace = (H * (q - p)).trace()
    return Evidence(
        method="diagonal covariances on the counterexample's H; for H = -A'A and Sigma_p - Sigma_q = BB', 3x3, the "
        "trace is the sum of squares of AB",
        refutations={
            "Sigma_p - Sigma_q has no negative eigenvalue": bool((p - q).is_positive_semidefinite),
            "the trace is negative": bool(trace.is_negative),
        },
        conditions=ordered_trace_facts(),
        counterexample=Counterexample.exact(
            f"H = {H.tolist()}, variances (0, 1) for q, (1, 1) for p", ("Tr{H (Sigma_q - Sigma_p)}", "0"), trace, ">="
        ),
    )


CLAIM = Claim(
    name="less-variance-likelier",
    order=70,
    statement="Less variance in every direction, Sigma_q <= Sigma_p, is predicted to be more likely",
    equations=(9, 11, 43),
    expected=Verdict.CONDITIONAL,
    condition=SEMI_DEFINITE,
    test=RandomTest(
        cases=cases_of(WithOrder, lambda shape: [points(shape), ordered_covariances(shape)]),
        evaluate=covariance_term,
        sides=("1/2 Tr{H (Sigma_q - Sigma_p)}", "0"),
        models=curved_flows,
        needs="",
    ),
    evidence=less_variance_is_likelier,
)
