"""Claim: the constant x0 is predicted to be the most likely of all inputs with mean x0 (docs/theory.md, eqs. 9, 15)."""

import sympy

from curvature import Moments
from curvature.claims import (
    Claim,
    Counterexample,
    Evaluation,
    Evidence,
    RandomTest,
    Verdict,
    WithCovariance,
    with_covariance,
)
from curvature.claims.engine.signs import SEMI_DEFINITE, predicted_gain
from curvature.claims.engine.symbolic.one_coupling import WHOLE_NUMBERS
from curvature.claims.engine.symbolic.sums_of_squares import ordered_trace_facts
from curvature.claims.strategies import curved_flows


def constant_input(case: WithCovariance) -> Evaluation:
    """Predicted gain of the constant x0 over data with mean x0."""
    return predicted_gain(case, Moments.constant(case.point()), case.moments(case.covariance))


def constants_are_extreme() -> Evidence:
    """A constant is the case ``Sigma_q = 0 <= Sigma_p`` of less variance in every direction."""
    gain = -(WHOLE_NUMBERS.hessian * sympy.diag(1, 0)).trace() / 2
    return Evidence(
        method="Sigma_p = diag(1, 0) on the counterexample's H; Sigma_q = 0 in the proof of the sign",
        refutations={"the gain is negative": bool(gain.is_negative)},
        conditions=ordered_trace_facts(),
        counterexample=Counterexample.exact(
            f"{WHOLE_NUMBERS}; variances (1, 0)", ("gain of the constant", "0"), gain, ">="
        ),
    )


CLAIM = Claim(
    name="constant-extreme",
    order=90,
    statement="The constant x0 is predicted to be the most likely of all inputs with mean x0",
    equations=(9, 15),
    expected=Verdict.CONDITIONAL,
    condition=SEMI_DEFINITE,
    test=RandomTest(
        cases=with_covariance,
        evaluate=constant_input,
        sides=("predicted gain of the constant", "0"),
        models=curved_flows,
        needs="",
    ),
    evidence=constants_are_extreme,
)
