"""Flows of one additive coupling on two channels in exact numbers: one whose H is indefinite, one with a kink.

The flow is ``z = (x1, x2 + m(x1))`` with sigma = 1 (docs/theory.md, eqs. 42 and 43).
"""

from dataclasses import dataclass

import sympy

from curvature.property_testing.counterexample import Counterexample


@dataclass(frozen=True, eq=False)
class OneCoupling:
    """The flow with a function m, at a point x."""

    m: sympy.Lambda
    x: tuple[int, int]

    @property
    def hessian(self) -> sympy.Matrix:
        """H of log p at the point, from sympy's second derivatives."""
        x1, x2 = symbols = sympy.symbols("x1:3", real=True)
        H = sympy.hessian(-(x1**2 + (x2 + self.m(x1)) ** 2) / 2, symbols)
        return H.subs(dict(zip(symbols, self.x, strict=True))).applyfunc(sympy.simplify)

    @property
    def largest_eigenvalue(self) -> sympy.Expr:
        """The largest eigenvalue of H."""
        return max(self.hessian.eigenvals(), key=float)

    def counterexample(self) -> Counterexample:
        """The flow as a counterexample to the semi-definiteness of H."""
        return Counterexample.exact(str(self), ("largest eigenvalue of H", "0"), self.largest_eigenvalue, "<=")

    def __str__(self) -> str:
        z = (self.x[0], self.x[1] + self.m(self.x[0]))
        return f"m(h) = {self.m(h)}, x = {self.x}: z = {z}, H = {self.hessian.tolist()}"


h = sympy.Symbol("h", real=True)

# Whole numbers throughout (eq. 43), and a coupling with an activation that a Glow has.
WHOLE_NUMBERS = OneCoupling(sympy.Lambda(h, h**2), (0, -1))
SILU = OneCoupling(sympy.Lambda(h, 4 * h / (1 + sympy.exp(-h))), (0, -3))


def indefinite_facts() -> dict[str, bool]:
    """Facts that refute that H is negative semi-definite for any parameters."""
    return {
        "H has a positive eigenvalue, m(h) = h^2": bool(WHOLE_NUMBERS.largest_eigenvalue.is_positive),
        "H has a positive eigenvalue, m(h) = 4 SiLU(h)": bool(SILU.largest_eigenvalue.is_positive),
    }


def relu_log_prob(x1: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """``log p`` of ``z = (x1, 1 + max(0, x1))`` up to a constant: its formulas for x1 <= 0 and for x1 >= 0."""
    return -(x1**2 + 1) / 2, -(x1**2 + (1 + x1) ** 2) / 2
