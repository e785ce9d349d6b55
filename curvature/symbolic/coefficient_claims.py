"""Claims about the coefficients of linear flows, and when the published ones are exact (docs/theory.md, eqs. 25-41)."""

from collections.abc import Callable

import sympy

from curvature.symbolic.condition import (
    condition,
    kernel_residuals,
    meets_condition,
    rotation_about_ones,
    two_channel_family,
    two_channel_is_complete,
)
from curvature.symbolic.derivation import column_norms, derive, kernel_product, vanishes
from curvature.symbolic.evidence import Evidence

SIZES = ((2, 1), (2, 2), (2, 3), (3, 1), (3, 2))


def linear_coefficient() -> Evidence:
    """Eq. 25."""

    def agrees(C: int, K: int) -> bool:
        flow = derive(C, K, couplings=False)
        H = sympy.hessian(flow.log_prob, list(flow.x))
        norms = column_norms(kernel_product(flow.kernels))
        return vanishes([-(flow.sigma**2) * H[c, c] - norms[c] for c in range(C)])

    return Evidence(
        statement="for a linear flow the exact coefficient of channel c is ||U e_c||^2",
        equation=25,
        method="second derivatives of log p minus the formula, expanded, for any kernels",
        proofs={f"C={C}, K={K}": agrees(C, K) for C, K in SIZES},
        latex=r"-\sigma^2 H_{cc} = \|U e_c\|^2",
    )


def correlated_coefficient() -> Evidence:
    """Eq. 26."""

    def agrees(C: int, K: int) -> bool:
        flow = derive(C, K, couplings=False)
        H = sympy.hessian(flow.log_prob, list(flow.x))
        row_sums = flow.product * sympy.ones(C, 1)
        return vanishes([-(flow.sigma**2) * sum(H) - sum(total**2 for total in row_sums)])

    return Evidence(
        statement="if all channels of a pixel move as one, the exact coefficient is sum_i (sum_j U_ij)^2",
        equation=26,
        method="sum of all second derivatives of log p minus the formula, expanded, for any kernels",
        proofs={f"C={C}, K={K}": agrees(C, K) for C, K in SIZES},
        latex=r"-\sigma^2 \mathbf 1' H \mathbf 1 = \sum_i (\sum_j U_{ij})^2",
    )


def published_is_exact() -> Evidence:
    """Eq. 37."""
    found = {(C, K): condition(C, K) for C, K in ((1, 1), (1, 2), *SIZES)}
    shear = sympy.Matrix([[1, 1], [0, 1]])
    residuals = kernel_residuals((shear,))
    return Evidence(
        statement="the published form equals Tr{H Sigma} of a linear flow for every vector of channel variances",
        equation=37,
        method="the difference is linear in the variances; its coefficients are the condition's polynomials",
        refutations={
            "fails for [[1, 1], [0, 1]]": not meets_condition((shear,)),
            "residuals are non-zero numbers": any(bool(r.is_nonzero) for r in residuals),
        },
        conditions={f"C={C}, K={K}": found[C, K].is_equivalent for C, K in found}
        | {f"automatic only for one channel, C={C}, K={K}": found[C, K].is_automatic is (C == 1) for C, K in found},
        detail="exactly if (prod_k sum_j u_kcj)^2 = ||U e_c||^2 for every channel c; "
        f"one shear [[1, 1], [0, 1]] misses by {residuals}",
        latex=found[2, 1].latex,
    )


def solved_by_first_diagonal() -> Evidence:
    """Eq. 38."""
    return Evidence(
        statement="each channel's equation is at most quadratic in its own diagonal entry of the first kernel, and "
        "free of the others",
        equation=38,
        method="the equation minus the quadratic, expanded, and a search for the other entries",
        proofs={f"C={C}, K={K}": condition(C, K).is_quadratic for C, K in SIZES},
        latex=r"(\beta_c^2 - M_{cc}) t^2 + 2 (\beta_c^2 r_c - (M o_c)_c) t + \beta_c^2 r_c^2 - o_c' M o_c = 0",
    )


def two_channels() -> Evidence:
    """Eq. 40."""
    family, b, c = two_channel_family()
    determinant = sympy.factor(family.det())
    return Evidence(
        statement="for one kernel of two channels the solutions are the diagonal kernels and one two-parameter family, "
        "invertible throughout",
        equation=40,
        method="both equations solved: linear in the diagonal if both off-diagonal entries are non-zero",
        proofs={
            "the family meets the condition": meets_condition((family,)),
            "nothing else does": two_channel_is_complete(),
            "its determinant": vanishes([determinant + (b**2 + c**2) ** 2 / (4 * b * c)]),
        },
        detail="for example [[3/2, 1], [2, -3/4]]",
        latex=sympy.latex(family),
    )


def solutions_for_every_depth() -> Evidence:
    """Eq. 41 and its neighbours: families that are neither a single channel nor diagonal."""
    R = rotation_about_ones()
    swap = sympy.Matrix([[0, 1], [-1, 0]])
    a, b, d = sympy.symbols("a b d", real=True)
    equal_sums = sympy.Matrix([[a, b], [a + b - d, d]])
    return Evidence(
        statement="kernels that are neither diagonal nor of one channel can meet the condition at every depth",
        equation=41,
        method="the equations at these kernels, simplified",
        proofs={
            "signed permutations, K=1, 2, 3": all(meets_condition((swap,) * K) for K in (1, 2, 3)),
            "rotation about (1, 1, 1) is orthogonal": vanishes(R.T * R - sympy.eye(3)),
            "rotation about (1, 1, 1), K=1": meets_condition((R,)),
            "two such rotations": meets_condition((R, rotation_about_ones("phi"))),
            "A then its inverse, rows of A with equal sums": meets_condition((equal_sums, equal_sums.inv())),
            "... though A alone does not": not meets_condition((equal_sums,)),
        },
        latex=sympy.latex(R),
    )


def closed_under_composition() -> Evidence:
    """Meeting the condition one by one is not enough."""
    s, t = sympy.symbols("s t", positive=True)
    D, P = sympy.diag(s, t), sympy.Matrix([[0, 1], [1, 0]])
    return Evidence(
        statement="kernels that each meet the condition meet it together",
        equation=37,
        method="a diagonal kernel and the swap of two channels, in both orders",
        refutations={
            "each meets it": meets_condition((D,)) and meets_condition((P,)),
            "swap, then diagonal, does not": not meets_condition((P, D)),
        },
        conditions={
            "diagonal, then swap, does": meets_condition((D, P)),
            "so do both orders if the scales agree": meets_condition((P, D.subs(t, s))),
        },
        detail=f"depends on the order: swap, then diag(s, t) misses by {kernel_residuals((P, D))}",
        latex=sympy.latex(kernel_residuals((P, D))),
    )


def orthogonal_kernels() -> Evidence:
    """The exact coefficient of orthogonal kernels is one; the published one is not."""
    theta, phi = sympy.symbols("theta phi", real=True)
    first, second = _rotation(theta), _rotation(phi)
    left, right = kernel_residuals((first,))
    return Evidence(
        statement="for orthogonal kernels the published coefficients are the exact ones, which are 1",
        equation=25,
        method="rotations of two channels by any angles",
        refutations={
            "exact coefficients are 1": vanishes([n - 1 for n in column_norms(second * first)]),
            "the published one is 0 at 45 degrees": vanishes([1 + left.subs(theta, sympy.pi / 4)]),
        },
        conditions={
            "one rotation misses by -sin 2 theta and sin 2 theta": vanishes(
                [left + sympy.sin(2 * theta), right - sympy.sin(2 * theta)]
            ),
            "so it is exact at quarter turns": all(
                meets_condition((first.subs(theta, n * sympy.pi / 2),)) for n in range(4)
            ),
        },
        detail="one kernel: exactly if every row sum is +1 or -1; a rotation by 45 degrees gives 0 in place of 1",
        latex=sympy.latex(sympy.trigsimp(left)),
    )


def _rotation(angle: sympy.Symbol) -> sympy.Matrix:
    return sympy.Matrix([[sympy.cos(angle), -sympy.sin(angle)], [sympy.sin(angle), sympy.cos(angle)]])


CLAIMS: dict[str, Callable[[], Evidence]] = {
    "linear coefficient": linear_coefficient,
    "correlated channels": correlated_coefficient,
    "published = exact": published_is_exact,
    "solved by the first diagonal": solved_by_first_diagonal,
    "one kernel, two channels": two_channels,
    "non-trivial solutions": solutions_for_every_depth,
    "condition under composition": closed_under_composition,
    "orthogonal kernels": orthogonal_kernels,
}
