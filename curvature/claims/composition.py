"""Claim: the published form is exact for several kernels if it is for each of them (docs/theory.md, eq. 37)."""

import sympy

from curvature.claims import Claim, Condition, Counterexample, Evidence, Verdict
from curvature.claims.engine.symbolic.kernels import kernel_residuals, meets_condition


def order_matters() -> Evidence:
    """A diagonal kernel and the swap of two channels, in both orders."""
    s, t = sympy.symbols("s t", positive=True)
    D, P = sympy.diag(s, t), sympy.Matrix([[0, 1], [1, 0]])
    residuals = kernel_residuals((P, D))
    return Evidence(
        method="a diagonal kernel and the swap of two channels, in both orders",
        refutations={
            "each meets it": meets_condition((D,)) and meets_condition((P,)),
            "swap, then diagonal, does not": not meets_condition((P, D)),
        },
        conditions={
            "diagonal, then swap, does": meets_condition((D, P)),
            "so do both orders if the scales agree": meets_condition((P, D.subs(t, s))),
        },
        counterexample=Counterexample.exact(
            f"swap, then diag(s, t), misses by {residuals}; at s = 2, t = 1",
            ("alpha_1^2 - |U e_1|^2", "0"),
            residuals[0].subs({s: 2, t: 1}),
            "==",
        ),
    )


CLAIM = Claim(
    name="composition",
    order=230,
    statement="Kernels that each meet the condition meet it together",
    equations=(37,),
    expected=Verdict.CONDITIONAL,
    condition=Condition("depends on the order: a diagonal kernel, then a swap; both orders if the scales agree"),
    evidence=order_matters,
)
