"""Claim: the terms of the diagonal of H that the published form drops (docs/theory.md, eq. 36)."""

import sympy

from curvature.claims import Claim, Evidence, Verdict
from curvature.claims.engine.symbolic.derivation import Derivation, derive
from curvature.claims.engine.symbolic.kernels import column_norms, row_sum_products
from curvature.claims.engine.symbolic.vanishing import vanishes

SIZES = ((2, 1), (2, 2), (3, 1))


def dropped_terms(flow: Derivation) -> dict[str, tuple[sympy.Expr, ...]]:
    """Split the diagonal of ``-sigma^2 H``, channel by channel, into the published term and those dropped (eq. 36).

    Returns
    -------
    dict
        ``published``: ``alpha_c^2``, which is kept. ``mixing``: ``||U e_c||^2 - alpha_c^2``, a column's norm in place
        of row sums. ``Jacobian``: ``||J e_c||^2 - ||U e_c||^2``, first derivatives of the couplings. ``second order``:
        ``sum_i z_i d^2 f_i / dx_c^2``, second derivatives of the couplings, which have no sign.
    """
    published = [alpha**2 for alpha in row_sum_products(flow.kernels)]
    linear, gauss_newton = column_norms(flow.product), column_norms(flow.jacobian)
    return {
        "published": tuple(published),
        "mixing": tuple(sympy.expand(a - b) for a, b in zip(linear, published, strict=True)),
        "Jacobian": tuple(sympy.expand(a - b) for a, b in zip(gauss_newton, linear, strict=True)),
        # -sigma^2 times a part of H is minus that part at sigma = 1.
        "second order": tuple(-flow.second_order.subs(flow.sigma, 1).diagonal()),
    }


def is_complete(C: int, K: int) -> bool:
    """Prove that the terms add up to the diagonal of sympy's own second derivatives."""
    flow = derive(C, K)
    exact = -(flow.sigma**2) * flow.second_derivatives
    totals = [sum(terms) for terms in zip(*dropped_terms(flow).values(), strict=True)]
    return vanishes([totals[c] - exact[c, c] for c in range(C)])


def nothing_is_missing() -> Evidence:
    """The terms add up to the diagonal of H."""
    terms = dropped_terms(derive(2, 1))
    dropped = {name: of_channel[0] for name, of_channel in terms.items() if name != "published"}
    return Evidence(
        method="sum of the terms minus second derivatives of log p, expanded",
        proofs={f"C={C}, K={K}": is_complete(C, K) for C, K in SIZES},
        detail="dropped for channel 1 of C=2, K=1: " + "; ".join(f"{name}: {term}" for name, term in dropped.items()),
    )


CLAIM = Claim(
    name="dropped-terms",
    order=150,
    statement="The diagonal of -sigma^2 H is alpha_c^2 plus a mixing, a coupling-Jacobian and a second-order term",
    equations=(36,),
    expected=Verdict.HOLDS,
    evidence=nothing_is_missing,
)
