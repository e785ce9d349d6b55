"""Proofs of signs that hold for any parameters: an expression is a sum of squares of real numbers."""

import sympy

from curvature.claims.engine.symbolic.vanishing import vanishes


def gauss_newton_facts() -> dict[str, bool]:
    """``-v'J'Jv`` is minus a sum of squares for any real J, 3x3 (docs/theory.md, eq. 7)."""
    J, v = _real_matrix("j"), sympy.Matrix(sympy.symbols("v1:4", real=True))
    squares = [entry**2 for entry in J * v]
    form = -(v.T * J.T * J * v)[0]
    return {"is minus the sum of squares": vanishes([form + sum(squares)]), **_real_squares(squares)}


def ordered_trace_facts() -> dict[str, bool]:
    """For ``H = -A'A``, ``Sigma_p - Sigma_q = BB'``, 3x3, ``Tr{H (Sigma_q - Sigma_p)}`` is the sum of squares of AB."""
    A, B = _real_matrix("a"), _real_matrix("b")
    squares = [entry**2 for entry in A * B]
    trace = (-A.T * A * (-B * B.T)).trace()
    return {
        "a sum of squares if H is negative semi-definite": vanishes([trace - sum(squares)]),
        **_real_squares(squares),
    }


def _real_matrix(name: str) -> sympy.Matrix:
    return sympy.Matrix(3, 3, lambda i, j: sympy.Symbol(f"{name}_{i + 1}{j + 1}", real=True))


def _real_squares(squares: list[sympy.Expr]) -> dict[str, bool]:
    return {"squares of reals": all(bool(square.is_nonnegative) for square in squares)}
