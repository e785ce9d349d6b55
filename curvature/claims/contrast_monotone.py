"""Claim: lower contrast towards x0 is predicted to be more likely (docs/theory.md, eqs. 9, 13)."""

from dataclasses import dataclass

import sympy
from hypothesis import strategies as st

from curvature.claims import Claim, Counterexample, Evaluation, Evidence, RandomTest, Verdict, WithCovariance, cases_of
from curvature.claims.engine.drawing.covariance_strategies import STRUCTURES
from curvature.claims.engine.signs import SEMI_DEFINITE, predicted_gain
from curvature.claims.engine.symbolic.one_coupling import WHOLE_NUMBERS
from curvature.claims.engine.symbolic.sums_of_squares import ordered_trace_facts
from curvature.claims.strategies import covariances, curved_flows, points

LOWER = st.sampled_from((0.0, 0.5, 0.25, 0.75))
HIGHER = st.sampled_from((1.0, 2.0, 1.5))
NOT_ZERO = tuple(structure for structure in STRUCTURES if structure != "zero")


@dataclass(frozen=True)
class WithContrasts(WithCovariance):
    """A model, a point, a covariance, and two contrasts, ``lower < higher``."""

    lower: float
    higher: float


def lower_contrast(case: WithContrasts) -> Evaluation:
    """Predicted gain of the lower contrast towards x0 over the higher one."""
    moments = case.moments(case.covariance)
    lower, higher = (moments.contrast(lam, towards=case.point()) for lam in (case.lower, case.higher))
    return predicted_gain(case, lower, higher)


def lower_contrast_is_likelier() -> Evidence:
    """A counterexample on the H of whole numbers; in general the gain is a difference of squares times a trace."""
    lower, trace = sympy.Rational(1, 2), (WHOLE_NUMBERS.hessian * sympy.diag(1, 0)).trace()
    low, step, form = sympy.symbols("low step form", nonnegative=True)
    gain_in_general = sympy.expand((low + step) ** 2 - low**2) * form
    gain = (lower**2 - 1) * trace / 2
    return Evidence(
        method="Sigma = diag(1, 0) on the counterexample's H; the sign of the gain for Tr{H Sigma} <= 0",
        refutations={"the gain is negative": bool(gain.is_negative)},
        conditions={
            "a product of non-negative terms": bool(gain_in_general.is_nonnegative),
            **ordered_trace_facts(),
        },
        counterexample=Counterexample.exact(
            f"{WHOLE_NUMBERS}; contrast 1/2 of variances (1, 0)", ("gain of the lower contrast", "0"), gain, ">="
        ),
    )


CLAIM = Claim(
    name="contrast-monotone",
    order=80,
    statement="Lower contrast towards x0 is predicted to be more likely",
    equations=(9, 13),
    expected=Verdict.CONDITIONAL,
    condition=SEMI_DEFINITE,
    test=RandomTest(
        cases=cases_of(WithContrasts, lambda shape: [points(shape), covariances(shape, NOT_ZERO), LOWER, HIGHER]),
        evaluate=lower_contrast,
        sides=("predicted gain of the lower contrast", "0"),
        models=curved_flows,
        needs="",
    ),
    evidence=lower_contrast_is_likelier,
)
