"""Claim: the condition of the published form is solved by the first kernel's diagonal (docs/theory.md, eqs. 38, 39).

So all kernels that meet the condition are found by choosing all other entries freely and solving for these.
"""

from collections.abc import Sequence

import sympy

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.derivation import SIZES
from curvature.claims.engine.symbolic.kernels import (
    kernel_product,
    kernel_residuals,
    row_sum_products,
    symbolic_kernels,
)
from curvature.claims.engine.symbolic.vanishing import vanishes


def own_quadratic(kernels: Sequence[sympy.Matrix], c: int) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Coefficients of channel c's residual as a quadratic in ``t``, the entry (c, c) of the first kernel (eq. 38).

    ``(b^2 - M_cc) t^2 + 2 (b^2 r - (M o)_c) t + b^2 r^2 - o'M o``: o is the first kernel's column c and r its row sum
    c, both without the diagonal entry; ``M = V'V``, V the product of the other kernels, b the product of their row
    sums c. For K = 1 the first term is zero and the rest is ``2 r t + r^2 - |o|^2`` (eq. 39).
    """
    first, *others = kernels
    C = first.rows
    V = kernel_product(others) if others else sympy.eye(C)
    b = row_sum_products(others)[c] if others else sympy.Integer(1)
    M = V.T * V
    o = sympy.Matrix([0 if i == c else first[i, c] for i in range(C)])
    r = sum((first[c, j] for j in range(C) if j != c), sympy.Integer(0))
    return (
        sympy.expand(b**2 - M[c, c]),
        sympy.expand(2 * (b**2 * r - (M * o)[c])),
        sympy.expand(b**2 * r**2 - (o.T * M * o)[0]),
    )


def is_quadratic(C: int, K: int) -> bool:
    """Prove that the quadratics are the residuals, and hold no other diagonal entry of the first kernel."""
    kernels = symbolic_kernels(C, K)
    diagonal = list(kernels[0].diagonal())
    for c, residual in enumerate(kernel_residuals(kernels)):
        a, b, rest = own_quadratic(kernels, c)
        if not vanishes(residual - (a * diagonal[c] ** 2 + b * diagonal[c] + rest)):
            return False
        if any((a + b + rest).has(t) for t in diagonal):
            return False
    return True


def solved_by_first_diagonal() -> Evidence:
    """Each residual is the quadratic."""
    return Evidence(
        method="the equation minus the quadratic, expanded, and a search for the other entries",
        proofs={f"C={C}, K={K}": is_quadratic(C, K) for C, K in SIZES},
    )


CLAIM = Claim(
    name="first-diagonal",
    order=200,
    statement="Each channel's equation is at most quadratic in its own diagonal entry of the first kernel, and free of "
    "the others",
    equations=(38,),
    expected=Verdict.HOLDS,
    evidence=solved_by_first_diagonal,
)
