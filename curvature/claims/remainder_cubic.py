"""Claim: the error of the second-order expansion falls as t^3 if data shrink by t (theory.md, eqs. 19, 52, 53)."""

import sympy

from curvature import Moments
from curvature.claims import Claim, Counterexample, Evaluation, Evidence, RandomTest, Verdict
from curvature.claims.engine.segments import SMOOTH_COUPLINGS, WithDirection, largest_derivative, with_direction
from curvature.claims.engine.symbolic.one_coupling import relu_log_prob
from curvature.claims.engine.symbolic.vanishing import vanishes
from curvature.claims.strategies import gentle_flows

SHRINKAGES = (1.0, 0.25, 0.0625)


def remainder_of_taylor2(case: WithDirection) -> Evaluation:
    """``|taylor2 - measured| / t^3`` at the worst t, against Taylor's bound, ``max |phi'''| / 6`` with phi along d."""
    e, x0, d = case.expansion, case.point(), case.displacement(case.d)
    worst, tolerance = 0.0, 0.0
    for t in SHRINKAGES:
        x = x0 + t * d
        measured = float(case.model.log_prob(x[None])[0].detach())
        predicted = e.predict(Moments.constant(x), versus=Moments.constant(x0), sampling_error=False).total
        worst = max(worst, abs(e.value + predicted - measured) / t**3)
        tolerance = max(tolerance, 1e-13 * (abs(measured) + abs(e.value) + 1) / t**3)
    bound = largest_derivative(case, 3) / 6
    return Evaluation(worst, "<=", bound, tolerance + 0.05 * bound)


def expansion_misses_by_a_cube() -> Evidence:
    """Taylor's theorem to third order, and a kink at x0 itself."""
    t = sympy.Symbol("t", positive=True)
    phi = sympy.Function("phi")(t)
    whole = (1 - t) ** 2 / 2 * phi.diff(t, 2) + (1 - t) * phi.diff(t) + phi
    remainder = sympy.diff(whole, t) - (1 - t) ** 2 / 2 * phi.diff(t, 3)
    # Derivatives of a ReLU at zero are those from below, as in torch; from there log p is its own expansion.
    taylor2, measured = relu_log_prob(t)
    error = sympy.expand(measured - taylor2)
    ratio = sympy.Abs(error) / t**3
    return Evidence(
        method="derivative of (1 - t)^2 phi'' / 2 + (1 - t) phi' + phi for any smooth phi; a ReLU coupling from (0, 1)",
        refutations={"the error over t^3 is unbounded at a kink": sympy.limit(ratio, t, 0) == sympy.oo},
        conditions={"that is an integral of (1 - t)^2 phi''' / 2": vanishes([remainder])},
        counterexample=Counterexample.exact(
            f"z = (x1, x2 + max(0, x1)) from (0, 1) along (1, 0) misses by {error}; at t = 1/4",
            ("|taylor2 - measured| / t^3", "max |phi'''| / 6, zero off the kink"),
            ratio.subs(t, sympy.Rational(1, 4)),
            "<=",
            abs(measured.diff(t, 3)) / 6,
        ),
    )


CLAIM = Claim(
    name="remainder-cubic",
    order=110,
    statement="Shrinking data towards x0 by t leaves an error of t^3, so O(t) in taylor2 / measured",
    equations=(19, 52, 53),
    expected=Verdict.CONDITIONAL,
    essential=True,
    condition=SMOOTH_COUPLINGS,
    test=RandomTest(
        cases=with_direction,
        evaluate=remainder_of_taylor2,
        sides=(f"|taylor2 - measured| / t^3, worst of t in {SHRINKAGES}", "max |phi'''| / 6 along the path"),
        models=gentle_flows,
        method="convergence",
        needs="",
    ),
    evidence=expansion_misses_by_a_cube,
)
