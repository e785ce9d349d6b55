"""When the published coefficients are the exact ones of a linear flow (docs/theory.md, eqs. 37-41).

They are if and only if ``(prod_k sum_j u_{k,c,j})^2 = ||U e_c||^2`` for every channel c: one polynomial equation a
channel, at most quadratic in that channel's diagonal entry of the first kernel and free of the other diagonal entries.
So all solutions are: choose everything else, then solve.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from curvature.errors import OptionError
from curvature.symbolic.derivation import (
    column_norms,
    derive,
    kernel_product,
    row_sum_products,
    symbolic_kernels,
    vanishes,
)


@dataclass(frozen=True, eq=False)
class Condition:
    """The exact condition for K kernels of C channels.

    Attributes
    ----------
    kernels
        The kernels' symbols.
    residuals
        By channel: ``alpha_c^2 - ||U e_c||^2``; all zero is the condition (eq. 37).
    quadratics
        By channel: (a, b, c) with ``residual = a t^2 + b t + c`` in its diagonal entry t of the first kernel (eq. 38).
    is_equivalent
        Computed: published minus exact trace is ``-(1/sigma^2) sum_c residual_c v_c`` for variances v, so it vanishes
        for every v exactly if all residuals do.
    is_quadratic
        Computed: the quadratics are the residuals, and hold no other diagonal entry of the first kernel.
    """

    kernels: tuple[sympy.Matrix, ...]
    residuals: tuple[sympy.Expr, ...]
    quadratics: tuple[tuple[sympy.Expr, sympy.Expr, sympy.Expr], ...]
    is_equivalent: bool
    is_quadratic: bool

    @property
    def is_automatic(self) -> bool:
        """Whether every choice of kernels meets the condition: the residuals are the zero polynomial."""
        return all(residual == 0 for residual in self.residuals)

    @property
    def latex(self) -> str:
        """The condition, one equation a channel."""
        return r" \\ ".join(f"{sympy.latex(sympy.factor(residual))} = 0" for residual in self.residuals)

    def __str__(self) -> str:
        return "; ".join(f"{residual} = 0" for residual in self.residuals)


def condition(channels: int, steps: int) -> Condition:
    """State and prove the condition for K kernels of C channels."""
    flow = derive(channels, steps, couplings=False)
    residuals = kernel_residuals(flow.kernels)
    v = sympy.symbols(f"v1:{channels + 1}", nonnegative=True)
    H = sympy.hessian(flow.log_prob, list(flow.x))
    alphas = row_sum_products(flow.kernels)
    published = -sum(a**2 * s for a, s in zip(alphas, v, strict=True)) / flow.sigma**2
    exact = sum(H[c, c] * v[c] for c in range(channels))
    gap = sympy.expand((exact - published) * flow.sigma**2)
    is_equivalent = vanishes([gap.coeff(v[c]) - residuals[c] for c in range(channels)]) and vanishes(
        gap.subs(dict.fromkeys(v, 0))
    )
    quadratics = tuple(own_quadratic(flow.kernels, c) for c in range(channels))
    diagonal = list(flow.kernels[0].diagonal())
    is_quadratic = all(
        vanishes(residuals[c] - (a * diagonal[c] ** 2 + b * diagonal[c] + rest))
        and not any((a + b + rest).has(t) for t in diagonal)
        for c, (a, b, rest) in enumerate(quadratics)
    )
    return Condition(flow.kernels, residuals, quadratics, is_equivalent, is_quadratic)


def kernel_residuals(kernels: Sequence[sympy.Matrix]) -> tuple[sympy.Expr, ...]:
    """``alpha_c^2 - ||U e_c||^2`` for every channel, expanded (eq. 37)."""
    kernels = tuple(kernels)
    pairs = zip(row_sum_products(kernels), column_norms(kernel_product(kernels)), strict=True)
    return tuple(sympy.expand(alpha**2 - norm) for alpha, norm in pairs)


def meets_condition(kernels: Sequence[sympy.Matrix]) -> bool:
    """Whether sympy can show that the published coefficients of these kernels are the exact ones."""
    return vanishes(list(kernel_residuals(kernels)))


def own_quadratic(kernels: Sequence[sympy.Matrix], c: int) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Coefficients of channel c's residual as a quadratic in ``t``, the entry (c, c) of the first kernel (eq. 38).

    ``(b^2 - M_cc) t^2 + 2 (b^2 r - (M o)_c) t + b^2 r^2 - o'M o``: o is the first kernel's column c and r its row sum
    c, both without the diagonal entry; ``M = V'V``, V the product of the other kernels, b the product of their row
    sums c. For K = 1 the first term is zero and the rest is ``2 r t + r^2 - |o|^2`` (eq. 39).
    """
    first, *others = kernels
    C = first.rows
    V = kernel_product(tuple(others)) if others else sympy.eye(C)
    b = row_sum_products(tuple(others))[c] if others else sympy.Integer(1)
    M = V.T * V
    o = sympy.Matrix([0 if i == c else first[i, c] for i in range(C)])
    r = sum((first[c, j] for j in range(C) if j != c), sympy.Integer(0))
    return (
        sympy.expand(b**2 - M[c, c]),
        sympy.expand(2 * (b**2 * r - (M * o)[c])),
        sympy.expand(b**2 * r**2 - (o.T * M * o)[0]),
    )


def complete_kernel(kernels: Sequence[sympy.Matrix]) -> tuple[tuple[sympy.Expr, ...], ...]:
    """All real diagonals of the first kernel that put these kernels of numbers on the variety, as choices by channel.

    Returns
    -------
    tuple of tuples
        By channel: its solutions, none, one or two; kernels with any combination meet the condition.

    Raises
    ------
    OptionError
        If a channel's equation is void: every diagonal entry will do, there is nothing to solve.
    """
    t = sympy.Symbol("t", real=True)
    solutions = []
    for c in range(kernels[0].rows):
        a, b, rest = own_quadratic(kernels, c)
        if a == b == rest == 0:
            raise OptionError(f"complete_kernel: channel {c} meets the condition with any diagonal entry; choose one")
        solutions.append(tuple(sympy.solve(a * t**2 + b * t + rest, t)))
    return tuple(solutions)


def two_channel_family() -> tuple[sympy.Matrix, sympy.Symbol, sympy.Symbol]:
    """Every non-diagonal kernel of K = 1, C = 2 that meets the condition, by its off-diagonal entries b, c (eq. 40)."""
    b, c = sympy.symbols("b c", real=True, nonzero=True)
    family = sympy.Matrix([[(c**2 - b**2) / (2 * b), b], [c, (b**2 - c**2) / (2 * c)]])
    return family, b, c


def two_channel_is_complete() -> bool:
    """Prove that eq. 40 and the diagonal kernels are all solutions of K = 1, C = 2.

    With one off-diagonal entry zero, one equation forces the other one to vanish; with neither zero, both equations are
    linear in the diagonal, with the family's entries as their only solutions.
    """
    (U,) = symbolic_kernels(2, 1)
    family, b, c = two_channel_family()
    first, second = kernel_residuals((U,))
    b_zero, c_zero = first.subs(U[0, 1], 0), second.subs(U[1, 0], 0)
    forced = b_zero == -(U[1, 0] ** 2) and c_zero == -(U[0, 1] ** 2)
    inserted = {U[0, 1]: b, U[1, 0]: c}
    solved = [sympy.solve(r.subs(inserted), u) for r, u in ((first, U[0, 0]), (second, U[1, 1]))]
    unique = [len(s) for s in solved] == [1, 1] and vanishes([solved[0][0] - family[0, 0], solved[1][0] - family[1, 1]])
    return forced and unique


def rotation_about_ones(angle: str = "theta") -> sympy.Matrix:
    """Rotation of three channels about (1, 1, 1) by an angle: dense, orthogonal, every row sums to one (eq. 41)."""
    theta = sympy.Symbol(angle, real=True)
    cos, sin = sympy.cos(theta), sympy.sin(theta) / sympy.sqrt(3)
    third = sympy.Rational(1, 3)
    p, q, r = third + 2 * cos / 3, third - cos / 3 - sin, third - cos / 3 + sin
    return sympy.Matrix([[p, q, r], [r, p, q], [q, r, p]])
