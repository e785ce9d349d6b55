"""Claims about H itself: its two parts, and their signs (docs/theory.md, eqs. 7, 34-36, 42, 43)."""

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from curvature.symbolic.derivation import Derivation, derive, dropped_terms, specialise, vanishes
from curvature.symbolic.evidence import Evidence

# (C, K): three channels and three steps take many seconds, and say nothing new.
SIZES = ((2, 1), (2, 2), (2, 3), (3, 1), (3, 2))


@dataclass(frozen=True, eq=False)
class Counterexample:
    """A flow of one coupling on two channels, ``z = (x1, x2 + m(x1))``, at a point.

    Attributes
    ----------
    shift
        The function m.
    x
        The point.
    z
        Its latents.
    hessian
        H of log p there, for sigma = 1.
    """

    shift: sympy.Lambda
    x: tuple[sympy.Expr, sympy.Expr]
    z: sympy.Matrix
    hessian: sympy.Matrix

    @property
    def is_indefinite(self) -> bool:
        """Whether H has a positive eigenvalue, computed."""
        return any(eigenvalue.is_positive for eigenvalue in self.hessian.eigenvals())

    def __str__(self) -> str:
        (h,) = self.shift.variables
        return f"m({h}) = {self.shift.expr}, x = {self.x}: z = {tuple(self.z)}, H = {self.hessian.tolist()}"


def one_coupling() -> Derivation:
    """Two channels, one step."""
    return derive(2, 1)


def counterexample(shift: sympy.Lambda, x: tuple[sympy.Expr, sympy.Expr]) -> Counterexample:
    """H of ``z = (x1, x2 + shift(x1))`` at x, from sympy's second derivatives of log p (eq. 43)."""
    flow = one_coupling()
    f = specialise(flow, flow.flow, (sympy.eye(2),), shift)
    H = sympy.hessian(-(f.T * f)[0] / 2, list(flow.x))
    at = dict(zip(flow.x, x, strict=True))
    return Counterexample(shift, x, f.subs(at), H.subs(at).applyfunc(sympy.simplify))


def rational_counterexample() -> Counterexample:
    """``m(h) = h^2`` at (0, -1): whole numbers throughout (eq. 43)."""
    h = sympy.Symbol("h", real=True)
    return counterexample(sympy.Lambda(h, h**2), (sympy.Integer(0), sympy.Integer(-1)))


def silu_counterexample() -> Counterexample:
    """``m(h) = 4 SiLU(h)`` at (0, -3): a coupling such as a Glow has."""
    h = sympy.Symbol("h", real=True)
    return counterexample(sympy.Lambda(h, 4 * h / (1 + sympy.exp(-h))), (sympy.Integer(0), sympy.Integer(-3)))


def hessian_splits() -> Evidence:
    """Eqs. 7, 34 and 35 against sympy's own differentiation."""
    return Evidence(
        statement="H of 1x1 convolutions and additive couplings is -(J'J + sum_i z_i Hess f_i) / sigma^2, with J the "
        "product of the steps' Jacobians and the second part a sum over couplings",
        equation=35,
        method="second derivatives of log p minus the formula, expanded, for any kernels and couplings",
        proofs={f"C={C}, K={K}": derive(C, K).is_proved() for C, K in SIZES},
        latex=one_coupling().latex,
    )


def terms_dropped() -> Evidence:
    """Eq. 36: nothing is missing between the published form and the diagonal of H."""
    terms = dropped_terms(one_coupling())
    named = (("mixing", terms.mixing), ("Jacobian", terms.coupling_jacobian), ("second order", terms.second_order))
    return Evidence(
        statement="the diagonal of -sigma^2 H is alpha_c^2 plus a mixing, a coupling-Jacobian and a second-order term",
        equation=36,
        method="sum of the terms minus second derivatives of log p, expanded",
        proofs={f"C={C}, K={K}": dropped_terms(derive(C, K)).is_complete for C, K in ((2, 1), (2, 2), (3, 1))},
        detail="dropped for channel 1 of C=2, K=1: " + "; ".join(f"{name}: {values[0]}" for name, values in named),
        latex=r" \;+\; ".join(sympy.latex(values[0]) for _, values in named),
    )


def gauss_newton_is_nsd() -> Evidence:
    """``-v'J'Jv`` is minus a sum of squares, for any real J."""
    J = sympy.Matrix(3, 3, lambda i, j: sympy.Symbol(f"j_{i + 1}{j + 1}", real=True))
    v = sympy.Matrix(sympy.symbols("v1:4", real=True))
    squares = [entry**2 for entry in J * v]
    form = -(v.T * J.T * J * v)[0]
    return Evidence(
        statement="the Gauss-Newton part of H is negative semi-definite for any parameters",
        equation=7,
        method="-v'J'Jv + sum_i (Jv)_i^2 expands to zero for a 3x3 J of real symbols; each square is non-negative",
        proofs={
            "is minus the sum of squares": vanishes([form + sum(squares)]),
            "squares of reals": all(bool(square.is_nonnegative) for square in squares),
        },
        latex=r"-v'J'Jv = -\sum_i (Jv)_i^2",
    )


def full_hessian_is_nsd() -> Evidence:
    """Eq. 43."""
    small, glow = rational_counterexample(), silu_counterexample()
    return Evidence(
        statement="H is negative semi-definite for any parameters",
        equation=43,
        method="eigenvalues of H at an explicit coupling and point",
        refutations={
            "H has a positive eigenvalue, m(h) = h^2": small.is_indefinite,
            "H has a positive eigenvalue, m(h) = 4 SiLU(h)": glow.is_indefinite,
        },
        detail=f"{small}; {glow}",
        latex="H = " + sympy.latex(small.hessian),
    )


def one_coupling_is_nsd() -> Evidence:
    """Eq. 42: a symmetric 2x2 matrix with a positive entry is positive semi-definite iff its determinant is >= 0."""
    flow = one_coupling()
    negative = (-(flow.sigma**2) * without_mixing(flow, flow.hessian)).applyfunc(sympy.expand)
    (m,) = flow.couplings[0]
    curvature = m.derivative.derivative(flow.x[0])
    z2 = without_mixing(flow, flow.flow)[1]
    return Evidence(
        statement="for one coupling on two channels H is negative semi-definite exactly where z_2 m''(x_1) >= -1",
        equation=42,
        method="determinant and one diagonal entry of -sigma^2 H for any coupling",
        proofs={
            "det(-sigma^2 H) = 1 + z_2 m''(x_1)": vanishes([negative.det() - (1 + z2 * curvature)]),
            "the lower right entry is 1": negative[1, 1] == 1,
        },
        latex=r"\det(-\sigma^2 H) = " + sympy.latex(1 + z2 * curvature),
    )


def less_variance_is_likelier() -> Evidence:
    """The sign argument: sound for a negative semi-definite H, and false with the same counterexample."""
    H = rational_counterexample().hessian
    q, p = sympy.diag(0, 1), sympy.diag(1, 1)
    trace = (H * (q - p)).trace()
    A, B = (sympy.Matrix(3, 3, lambda i, j, n=n: sympy.Symbol(f"{n}_{i}{j}", real=True)) for n in "ab")
    squares = [entry**2 for entry in A * B]
    return Evidence(
        statement="Sigma_q <= Sigma_p gives Tr{H (Sigma_q - Sigma_p)} >= 0 for any parameters",
        equation=43,
        method="diagonal covariances on the counterexample's H; for H = -A'A and Sigma_p - Sigma_q = BB', 3x3, the "
        "trace is the sum of squares of AB",
        refutations={
            "Sigma_p - Sigma_q has no negative eigenvalue": bool((p - q).is_positive_semidefinite),
            "the trace is negative": bool(trace.is_negative),
        },
        conditions={
            "a sum of squares if H is negative semi-definite": vanishes(
                [(-A.T * A * (-B * B.T)).trace() - sum(squares)]
            ),
            "squares of reals": all(bool(square.is_nonnegative) for square in squares),
        },
        detail=f"H negative semi-definite suffices; else variances (0, 1) for q, (1, 1) for p give {trace}",
        latex=r"\mathrm{Tr}\{H(\Sigma_q - \Sigma_p)\} = " + sympy.latex(trace),
    )


def without_mixing(flow: Derivation, expression: sympy.Matrix) -> sympy.Matrix:
    """Insert identity kernels and leave the couplings unspecified."""
    identity = sympy.eye(flow.channels)
    return expression.subs({u: v for kernel in flow.kernels for u, v in zip(kernel, identity, strict=True)})


CLAIMS: dict[str, Callable[[], Evidence]] = {
    "H in two parts": hessian_splits,
    "dropped terms": terms_dropped,
    "Gauss-Newton part": gauss_newton_is_nsd,
    "H negative semi-definite": full_hessian_is_nsd,
    "H of one coupling": one_coupling_is_nsd,
    "less variance, more likely": less_variance_is_likelier,
}
