"""Claim: the exact coefficient of a linear flow for perfectly correlated channels (docs/theory.md, eq. 26)."""

import sympy

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.derivation import SIZES, derive
from curvature.claims.engine.symbolic.vanishing import vanishes


def is_sum_of_row_sums(C: int, K: int) -> bool:
    """Prove it for K kernels of C channels."""
    flow = derive(C, K, couplings=False)
    row_sums = flow.product * sympy.ones(C, 1)
    return vanishes([-(flow.sigma**2) * sum(flow.second_derivatives) - sum(total**2 for total in row_sums)])


def coefficient_is_sum_of_row_sums() -> Evidence:
    """The sum of all entries of H against the row sums of U."""
    return Evidence(
        method="sum of all second derivatives of log p minus the formula, expanded, for any kernels",
        proofs={f"C={C}, K={K}": is_sum_of_row_sums(C, K) for C, K in SIZES},
    )


CLAIM = Claim(
    name="correlated-channels",
    order=190,
    statement="If all channels of a pixel move as one, the exact coefficient is sum_i (sum_j U_ij)^2",
    equations=(26,),
    expected=Verdict.HOLDS,
    essential=True,
    evidence=coefficient_is_sum_of_row_sums,
)
