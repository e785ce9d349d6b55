"""1x1 kernels in symbols, and when the published coefficients are the exact ones (docs/theory.md, eqs. 24, 25, 37).

They are if and only if ``(prod_k sum_j u_{k,c,j})^2 = ||U e_c||^2`` for every channel c.
"""

from collections.abc import Sequence

import sympy

from curvature.claims.engine.symbolic.vanishing import vanishes


def symbolic_kernels(channels: int, steps: int) -> tuple[sympy.Matrix, ...]:
    """Kernels of real symbols ``u_k_ij``."""
    return tuple(
        sympy.Matrix(channels, channels, lambda i, j, k=k: sympy.Symbol(f"u_{k}_{i + 1}{j + 1}", real=True))
        for k in range(1, steps + 1)
    )


def kernel_product(kernels: Sequence[sympy.Matrix]) -> sympy.Matrix:
    """``U_K ... U_1``."""
    product = kernels[0]
    for kernel in kernels[1:]:
        product = kernel * product
    return product


def row_sum_products(kernels: Sequence[sympy.Matrix]) -> tuple[sympy.Expr, ...]:
    """``alpha_c = prod_k sum_j u_{k,c,j}`` for every channel (eq. 24)."""
    return tuple(sympy.prod(sum(kernel.row(c)) for kernel in kernels) for c in range(kernels[0].rows))


def column_norms(matrix: sympy.Matrix) -> tuple[sympy.Expr, ...]:
    """Squared norm of every column: ``||U e_c||^2`` (eq. 25)."""
    return tuple((matrix[:, c].T * matrix[:, c])[0] for c in range(matrix.cols))


def kernel_residuals(kernels: Sequence[sympy.Matrix]) -> tuple[sympy.Expr, ...]:
    """``alpha_c^2 - ||U e_c||^2`` for every channel, expanded (eq. 37)."""
    pairs = zip(row_sum_products(kernels), column_norms(kernel_product(kernels)), strict=True)
    return tuple(sympy.expand(alpha**2 - norm) for alpha, norm in pairs)


def meets_condition(kernels: Sequence[sympy.Matrix]) -> bool:
    """Whether sympy can show that the published coefficients of these kernels are the exact ones."""
    return vanishes(list(kernel_residuals(kernels)))


def two_channel_kernel(b: sympy.Expr, c: sympy.Expr) -> sympy.Matrix:
    """Kernel of two channels with these entries off the diagonal, not zero, that meets the condition alone (eq. 40)."""
    return sympy.Matrix([[(c**2 - b**2) / (2 * b), b], [c, (b**2 - c**2) / (2 * c)]])


def rotation_about_ones(theta: sympy.Expr) -> sympy.Matrix:
    """Rotation of three channels about (1, 1, 1) by an angle: dense, orthogonal, every row sums to one (eq. 41)."""
    cos, sin = sympy.cos(theta), sympy.sin(theta) / sympy.sqrt(3)
    third = sympy.Rational(1, 3)
    p, q, r = third + 2 * cos / 3, third - cos / 3 - sin, third - cos / 3 + sin
    return sympy.Matrix([[p, q, r], [r, p, q], [q, r, p]])
