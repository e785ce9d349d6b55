"""Claim: the published form is exact for some dense kernels of every depth (docs/theory.md, eq. 41)."""

import sympy

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.kernels import meets_condition, rotation_about_ones
from curvature.claims.engine.symbolic.vanishing import vanishes


def families() -> Evidence:
    """Families of kernels that are neither of a single channel nor diagonal."""
    theta, phi = sympy.symbols("theta phi", real=True)
    R = rotation_about_ones(theta)
    swap = sympy.Matrix([[0, 1], [-1, 0]])
    a, b, d = sympy.symbols("a b d", real=True)
    equal_sums = sympy.Matrix([[a, b], [a + b - d, d]])
    return Evidence(
        method="the equations at these kernels, simplified",
        proofs={
            "signed permutations, K=1, 2, 3": all(meets_condition((swap,) * K) for K in (1, 2, 3)),
            "rotation about (1, 1, 1) is orthogonal": vanishes(R.T * R - sympy.eye(3)),
            "rotation about (1, 1, 1), K=1": meets_condition((R,)),
            "two such rotations": meets_condition((R, rotation_about_ones(phi))),
            "A then its inverse, rows of A with equal sums": meets_condition((equal_sums, equal_sums.inv())),
            "... though A alone does not": not meets_condition((equal_sums,)),
        },
    )


CLAIM = Claim(
    name="solutions-at-every-depth",
    order=220,
    statement="Kernels that are neither diagonal nor of one channel can meet the condition at every depth",
    equations=(41,),
    expected=Verdict.HOLDS,
    evidence=families,
)
