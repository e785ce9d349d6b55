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


PROOFS: dict[str, Callable[[], Evidence]] = {
    **hessian_claims.CLAIMS,
    **coefficient_claims.CLAIMS,
    "quadratic log p": quadratic_is_exact,
    "lower contrast, more likely": lower_contrast_is_likelier,
    "constants extreme": constants_are_extreme,
    "semi-definite at the mode": semi_definite_at_the_mode,
}


def prove(name: str) -> Proof:
    """Put a statement to sympy by its name."""
    return Proof.of(PROOFS[name]())
