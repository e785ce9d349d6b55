"""What sympy says of a claim: `curvature.symbolic` decides, here it is looked up; and proofs that only claims need."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import sympy

from curvature.symbolic import coefficient_claims, hessian_claims
from curvature.symbolic.claims import Verdict, verdict_of
from curvature.symbolic.derivation import derive, vanishes
from curvature.symbolic.evidence import Evidence


@dataclass(frozen=True)
class Proof:
    """What was put to sympy and what came out.

    Attributes
    ----------
    statement, equation, method, detail
        As in `curvature.symbolic.SymbolicClaim`.
    verdict
        Computed from sympy's answers alone.
    """

    statement: str
    equation: int
    method: str
    verdict: Verdict
    detail: str

    @classmethod
    def of(cls, evidence: Evidence) -> "Proof":
        """Decide."""
        return cls(evidence.statement, evidence.equation, evidence.method, verdict_of(evidence), evidence.detail)


def quadratic_is_exact() -> Evidence:
    """Log p of a linear flow equals its own second-order expansion about any point (eqs. 8 and 22)."""

    def agrees(channels: int, steps: int) -> bool:
        flow = derive(channels, steps, couplings=False)
        x0 = sympy.Matrix(sympy.symbols(f"a1:{channels + 1}", real=True))
        at = dict(zip(flow.x, x0, strict=True))
        g = sympy.Matrix([sympy.diff(flow.log_prob, v) for v in flow.x]).subs(at)
        H = sympy.hessian(flow.log_prob, list(flow.x)).subs(at)
        d = flow.x - x0
        taylor = flow.log_prob.subs(at) + (g.T * d)[0] + (d.T * H * d)[0] / 2
        return vanishes([flow.log_prob - taylor])

    return Evidence(
        statement="log p of a linear flow is its own second-order expansion about any point",
        equation=22,
        method="log p minus the expansion, expanded, for any kernels",
        proofs={f"C={C}, K={K}": agrees(C, K) for C, K in ((1, 1), (2, 1), (2, 2), (3, 1))},
    )


def semi_definite_at_the_mode() -> Evidence:
    """The counterexample to semi-definiteness, and that the second part of eq. 7 is zero where z = 0."""
    flow = derive(2, 1)
    z = sympy.symbols("z1:3", real=True)
    weighted = sum((zi * sympy.hessian(f, list(flow.x)) for zi, f in zip(z, flow.flow, strict=True)), sympy.zeros(2, 2))
    second = weighted.subs(dict(zip(z, flow.flow, strict=True))) / -(flow.sigma**2)
    return replace(
        hessian_claims.full_hessian_is_nsd(),
        conditions={
            "the second part is sum_i z_i Hess f_i": vanishes(list(second - flow.second_order)),
            "it vanishes at z = 0": vanishes(list(weighted.subs(dict.fromkeys(z, 0)))),
            **hessian_claims.gauss_newton_is_nsd().proofs,
        },
    )


def lower_contrast_is_likelier() -> Evidence:
    """Contrasts of one variance on the counterexample's H; a difference of squares times ``Tr{H Sigma}`` in general."""
    H = hessian_claims.rational_counterexample().hessian
    lower, trace = sympy.Rational(1, 2), (H * sympy.diag(1, 0)).trace()
    low, step, form = sympy.symbols("low step form", nonnegative=True)
    gain = sympy.expand((low + step) ** 2 - low**2) * form
    return Evidence(
        statement="lower contrast towards x0 gives a higher second-order prediction for any parameters",
        equation=13,
        method="Sigma = diag(1, 0) on the counterexample's H; the sign of the gain for Tr{H Sigma} <= 0",
        refutations={"the gain is negative": bool(((lower**2 - 1) * trace).is_negative)},
        conditions={
            "a product of non-negative terms": bool(gain.is_nonnegative),
            **hessian_claims.less_variance_is_likelier().conditions,
        },
        detail="H negative semi-definite suffices; else contrast 1/2 of variances (1, 0) gains "
        f"{(lower**2 - 1) * trace / 2}",
    )


def constants_are_extreme() -> Evidence:
    """The constant is the end of the order: ``Sigma_q = 0 <= Sigma_p``."""
    H = hessian_claims.rational_counterexample().hessian
    gain = -(H * sympy.diag(1, 0)).trace() / 2
    return Evidence(
        statement="the constant x0 has the highest second-order prediction of all inputs with mean x0",
        equation=15,
        method="Sigma_p = diag(1, 0) on the counterexample's H; Sigma_q = 0 in the proof of the sign",
        refutations={"the gain is negative": bool(gain.is_negative)},
        conditions=hessian_claims.less_variance_is_likelier().conditions,
        detail=f"H negative semi-definite suffices; else the constant gains {gain} over variances (1, 0)",
    )


def path_explains_the_gap() -> Evidence:
    """Taylor's theorem with integral remainder (eq. 20), and a kink on the way, whose curvature H does not see."""
    t = sympy.Symbol("t", real=True)
    phi = sympy.Function("phi")(t)
    remainder = sympy.diff((1 - t) * phi.diff(t) + phi, t) - (1 - t) * phi.diff(t, 2)
    before, after = _relu_coupling(-1 + 2 * t)
    half = sympy.Rational(1, 2)
    pieces = ((before, (0, half)), (after, (half, 1)))
    curvature = sum(sympy.integrate((1 - t) * piece.diff(t, 2), (t, *ends)) for piece, ends in pieces)
    explained = before.diff(t).subs(t, 0) + curvature
    measured = after.subs(t, 1) - before.subs(t, 0)
    return Evidence(
        statement="gradient at x0 and curvature along the path explain the whole gap",
        equation=20,
        method="derivative of (1 - t) phi' + phi for any smooth phi; a ReLU coupling from (-1, 1) to (1, 1)",
        refutations={"a ReLU's kink is missed": bool((explained - measured).is_nonzero)},
        conditions={"(1 - t) phi' + phi is an integral of (1 - t) phi''": vanishes([remainder])},
        detail=f"smooth log p suffices; else z = (x1, x2 + max(0, x1)) from (-1, 1) to (1, 1) has the gap {measured}, "
        f"of which gradient and curvature explain {explained}",
    )


def expansion_misses_by_a_cube() -> Evidence:
    """Taylor's theorem to third order, and a kink at x0 itself."""
    t = sympy.Symbol("t", positive=True)
    phi = sympy.Function("phi")(t)
    whole = (1 - t) ** 2 / 2 * phi.diff(t, 2) + (1 - t) * phi.diff(t) + phi
    remainder = sympy.diff(whole, t) - (1 - t) ** 2 / 2 * phi.diff(t, 3)
    # Derivatives of a ReLU at zero are those from below, as in torch; from there log p is its own expansion.
    taylor2, measured = _relu_coupling(t)
    error = sympy.expand(measured - taylor2)
    return Evidence(
        statement="the second-order expansion misses log p at x0 + t d by at most t^3 / 6 times max |phi'''|",
        equation=19,
        method="derivative of (1 - t)^2 phi'' / 2 + (1 - t) phi' + phi for any smooth phi; a ReLU coupling from (0, 1)",
        refutations={
            "the error over t^3 is unbounded at a kink": sympy.limit(sympy.Abs(error) / t**3, t, 0) == sympy.oo
        },
        conditions={"that is an integral of (1 - t)^2 phi''' / 2": vanishes([remainder])},
        detail=f"smooth log p suffices; else z = (x1, x2 + max(0, x1)) from (0, 1) along (1, 0) misses by {error}",
    )


def _relu_coupling(x1: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """``log p`` of ``z = (x1, 1 + max(0, x1))`` up to a constant, below and above the kink, for sigma = 1."""
    return -(x1**2 + 1) / 2, -(x1**2 + (1 + x1) ** 2) / 2


PROOFS: dict[str, Callable[[], Evidence]] = {
    **hessian_claims.CLAIMS,
    **coefficient_claims.CLAIMS,
    "quadratic log p": quadratic_is_exact,
    "lower contrast, more likely": lower_contrast_is_likelier,
    "curvature along the path": path_explains_the_gap,
    "cubic remainder": expansion_misses_by_a_cube,
    "constants extreme": constants_are_extreme,
    "semi-definite at the mode": semi_definite_at_the_mode,
}


def prove(name: str) -> Proof:
    """Put a statement to sympy by its name."""
    return Proof.of(PROOFS[name]())
