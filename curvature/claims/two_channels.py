"""Claim: all kernels of two channels for which the published form is exact (docs/theory.md, eq. 40)."""

import sympy

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.kernels import (
    kernel_residuals,
    meets_condition,
    symbolic_kernels,
    two_channel_kernel,
)
from curvature.claims.engine.symbolic.vanishing import vanishes


def is_complete(family: sympy.Matrix) -> bool:
    """Prove that the family and the diagonal kernels are all solutions of K = 1, C = 2.

    With one off-diagonal entry zero, one equation forces the other one to vanish; with neither zero, both equations are
    linear in the diagonal, with the family's entries as their only solutions.
    """
    (U,) = symbolic_kernels(2, 1)
    first, second = kernel_residuals((U,))
    b_zero, c_zero = first.subs(U[0, 1], 0), second.subs(U[1, 0], 0)
    forced = b_zero == -(U[1, 0] ** 2) and c_zero == -(U[0, 1] ** 2)
    inserted = {U[0, 1]: family[0, 1], U[1, 0]: family[1, 0]}
    solved = [sympy.solve(r.subs(inserted), u) for r, u in ((first, U[0, 0]), (second, U[1, 1]))]
    unique = [len(s) for s in solved] == [1, 1] and vanishes([solved[0][0] - family[0, 0], solved[1][0] - family[1, 1]])
    return forced and unique


def one_family() -> Evidence:
    """The family of eq. 40 meets the condition, and nothing else does."""
    b, c = sympy.symbols("b c", real=True, nonzero=True)
    family = two_channel_kernel(b, c)
    determinant = sympy.factor(family.det())
    return Evidence(
        method="both equations solved: linear in the diagonal if both off-diagonal entries are non-zero",
        proofs={
            "the family meets the condition": meets_condition((family,)),
            "nothing else does": is_complete(family),
            "its determinant": vanishes([determinant + (b**2 + c**2) ** 2 / (4 * b * c)]),
        },
        detail="for example [[3/2, 1], [2, -3/4]]",
    )


CLAIM = Claim(
    name="two-channels",
    order=210,
    statement="For one kernel of two channels the solutions are the diagonal kernels and one two-parameter family, "
    "invertible throughout",
    equations=(40,),
    expected=Verdict.HOLDS,
    evidence=one_family,
)
