"""Claim: the rung path-n converges to the measured gap as its nodes grow (docs/theory.md, eq. 20)."""

import sympy
import torch

from curvature import curvature_ladder
from curvature.claims import ROUND_OFF, Claim, Counterexample, Evaluation, Evidence, RandomTest, Verdict
from curvature.claims.engine.segments import SMOOTH_COUPLINGS, WithDirection, largest_derivative, with_direction
from curvature.claims.engine.symbolic.one_coupling import relu_log_prob
from curvature.claims.engine.symbolic.vanishing import vanishes
from curvature.claims.strategies import gentle_flows

NODES = (4, 32)
CONVERGED = 1e-3


def error_of_path(case: WithDirection) -> Evaluation:
    """Error of ``path-n`` for x0 + d, with few nodes first and more if the error is not yet small."""
    x0 = case.point()
    x = x0 + case.displacement(case.d)
    allowed = CONVERGED * largest_derivative(case, 2) / 2
    errors = []
    for n in NODES:
        # Two samples are the fewest that a ladder takes; here each set is one point twice.
        ladder = curvature_ladder(
            case.model.log_prob, torch.stack([x, x]), torch.stack([x0, x0]), at=x0, rungs=(f"path-{n}",)
        )
        errors.append(abs(ladder[f"path-{n}"].nats - ladder["measured"].nats))
        if errors[-1] <= allowed:
            break
    log_probs = case.model.log_prob(torch.stack([x, x0])).detach().abs()
    scale = float(log_probs[1] + log_probs.max() + case.expansion.gradient.abs().sum())
    return Evaluation(min(errors), "<=", allowed, ROUND_OFF * scale)


def path_explains_the_gap() -> Evidence:
    """Taylor's theorem with integral remainder (eq. 20), and a path across a kink, which H does not contain."""
    t = sympy.Symbol("t", real=True)
    phi = sympy.Function("phi")(t)
    remainder = sympy.diff((1 - t) * phi.diff(t) + phi, t) - (1 - t) * phi.diff(t, 2)
    before, after = relu_log_prob(-1 + 2 * t)
    half = sympy.Rational(1, 2)
    pieces = ((before, (0, half)), (after, (half, 1)))
    curvature = sum(sympy.integrate((1 - t) * piece.diff(t, 2), (t, *ends)) for piece, ends in pieces)
    explained = before.diff(t).subs(t, 0) + curvature
    measured = after.subs(t, 1) - before.subs(t, 0)
    return Evidence(
        method="gradient at x0 and curvature along the path against the gap: derivative of (1 - t) phi' + phi for any "
        "smooth phi; a ReLU coupling from (-1, 1) to (1, 1)",
        refutations={"a ReLU's kink is missed": bool((explained - measured).is_nonzero)},
        conditions={"(1 - t) phi' + phi is an integral of (1 - t) phi''": vanishes([remainder])},
        counterexample=Counterexample.exact(
            "z = (x1, x2 + max(0, x1)) from (-1, 1) to (1, 1)",
            ("what gradient and curvature explain", "the gap"),
            explained,
            "==",
            measured,
        ),
    )


CLAIM = Claim(
    name="path-converges",
    order=100,
    statement="The rung path-n converges to the measured gap as its nodes grow",
    equations=(20,),
    expected=Verdict.CONDITIONAL,
    essential=True,
    condition=SMOOTH_COUPLINGS,
    test=RandomTest(
        cases=with_direction,
        evaluate=error_of_path,
        sides=(f"least error of path-n, n in {NODES}", f"{CONVERGED:g} of max |phi''| / 2 along the path"),
        models=gentle_flows,
        method="convergence",
        needs="",
    ),
    evidence=path_explains_the_gap,
)
