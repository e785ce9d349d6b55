"""Claim: the exact coefficient of a channel of a linear flow (docs/theory.md, eq. 25)."""

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.derivation import SIZES, derive
from curvature.claims.engine.symbolic.kernels import column_norms
from curvature.claims.engine.symbolic.vanishing import vanishes


def is_column_norm(C: int, K: int) -> bool:
    """Prove it for K kernels of C channels."""
    flow = derive(C, K, couplings=False)
    diagonal, norms = flow.second_derivatives.diagonal(), column_norms(flow.product)
    return vanishes([-(flow.sigma**2) * diagonal[c] - norms[c] for c in range(C)])


def coefficient_is_column_norm() -> Evidence:
    """The diagonal of H against the columns of U."""
    return Evidence(
        method="second derivatives of log p minus the formula, expanded, for any kernels",
        proofs={f"C={C}, K={K}": is_column_norm(C, K) for C, K in SIZES},
    )


CLAIM = Claim(
    name="linear-coefficient",
    order=180,
    statement="For a linear flow the exact coefficient of channel c is ||U e_c||^2",
    equations=(25,),
    expected=Verdict.HOLDS,
    essential=True,
    evidence=coefficient_is_column_norm,
)
