"""Claim: H is negative semi-definite, as the published argument requires (docs/theory.md, eqs. 7, 43, 51)."""

from typing import Any

import sympy
import torch
from hypothesis.strategies import SearchStrategy

from curvature.claims import AtPoint, Claim, Condition, Evidence, RandomTest, Verdict, cases_of
from curvature.claims.engine.signs import largest_eigenvalue
from curvature.claims.engine.symbolic.derivation import derive
from curvature.claims.engine.symbolic.one_coupling import WHOLE_NUMBERS, indefinite_facts
from curvature.claims.engine.symbolic.sums_of_squares import gauss_newton_facts
from curvature.claims.engine.symbolic.vanishing import vanishes
from curvature.claims.strategies import curved_flows, flows, points


def at_modes(**options: Any) -> SearchStrategy[AtPoint]:
    """Toy flows at the point that maps to z = 0, the mode of a constant-volume flow."""
    return flows(**options).map(
        lambda flow: AtPoint(flow, tuple(flow.inverse(torch.zeros(1, flow.dim).double()).flatten().tolist()))
    )


def semi_definite_at_the_mode() -> Evidence:
    """A counterexample in whole numbers, and that the second part of eq. 7 is zero where z = 0."""
    flow = derive(2, 1)
    z = sympy.symbols("z1:3", real=True)
    weighted = sum((zi * sympy.hessian(f, list(flow.x)) for zi, f in zip(z, flow.flow, strict=True)), sympy.zeros(2, 2))
    second = weighted.subs(dict(zip(z, flow.flow, strict=True))) / -(flow.sigma**2)
    return Evidence(
        method="eigenvalues of H at an explicit coupling and point; at z = 0 the second part of H is zero for any "
        "kernels and coupling, and the first one is minus a sum of squares",
        refutations=indefinite_facts(),
        conditions={
            "the second part is sum_i z_i Hess f_i": vanishes(list(second - flow.second_order)),
            "it vanishes at z = 0": vanishes(list(weighted.subs(dict.fromkeys(z, 0)))),
            **gauss_newton_facts(),
        },
        counterexample=WHOLE_NUMBERS.counterexample(),
    )


CLAIM = Claim(
    name="hessian-sign",
    order=60,
    statement="H is negative semi-definite, for any parameters (the published argument needs it)",
    equations=(7, 43, 51),
    expected=Verdict.CONDITIONAL,
    condition=Condition("at z = f(x0) = 0, the mode of log p", cases=at_modes),
    test=RandomTest(
        cases=cases_of(AtPoint, lambda shape: [points(shape)]),
        evaluate=largest_eigenvalue,
        sides=("largest eigenvalue of H", "0"),
        models=curved_flows,
        needs="",
    ),
    evidence=semi_definite_at_the_mode,
)
