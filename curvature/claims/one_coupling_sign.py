"""Claim: where the H of one coupling on two channels is negative semi-definite (docs/theory.md, eq. 42)."""

import sympy

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.derivation import derive
from curvature.claims.engine.symbolic.vanishing import vanishes


def determinant_decides() -> Evidence:
    """A symmetric 2x2 matrix with a positive diagonal entry is positive semi-definite iff its determinant is >= 0."""
    flow = derive(2, 1)
    no_mixing = dict(zip(flow.kernels[0], sympy.eye(2), strict=True))
    negative = (-(flow.sigma**2) * flow.hessian.subs(no_mixing)).applyfunc(sympy.expand)
    (m,) = flow.couplings[0]
    determinant = 1 + flow.flow.subs(no_mixing)[1] * m.derivative.derivative(flow.x[0])
    return Evidence(
        method="determinant and one diagonal entry of -sigma^2 H for any coupling",
        proofs={
            "det(-sigma^2 H) = 1 + z_2 m''(x_1)": vanishes([negative.det() - determinant]),
            "the lower right entry is 1": negative[1, 1] == 1,
        },
    )


CLAIM = Claim(
    name="one-coupling-sign",
    order=170,
    statement="For one coupling on two channels H is negative semi-definite exactly where z_2 m''(x_1) >= -1",
    equations=(42,),
    expected=Verdict.HOLDS,
    evidence=determinant_decides,
)
