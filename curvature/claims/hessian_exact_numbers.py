"""Claim: H is negative semi-definite, tested by sympy on two explicit flows (docs/theory.md, eq. 43)."""

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.one_coupling import SILU, WHOLE_NUMBERS, indefinite_facts


def two_indefinite_hessians() -> Evidence:
    """One coupling in whole numbers, and one with an activation that a Glow has."""
    return Evidence(
        method="eigenvalues of H at an explicit coupling and point",
        refutations=indefinite_facts(),
        counterexample=WHOLE_NUMBERS.counterexample(),
        detail=f"so is H of {SILU}",
    )


CLAIM = Claim(
    name="hessian-exact-numbers",
    order=160,
    statement="H is negative semi-definite for any parameters",
    equations=(43,),
    expected=Verdict.REFUTED,
    evidence=two_indefinite_hessians,
)
