"""H of a small flow of 1x1 convolutions and additive couplings, in symbols (docs/theory.md, eqs. 34-36).

One pixel of C channels passes K steps. Step k mixes the channels by a kernel of symbols and then adds to every channel
but the first an unspecified smooth function of the first, `m_k_i`. Sizes are small; nothing else is special.
"""

from dataclasses import dataclass
from typing import Any

import sympy
from sympy.polys.rings import ring

from curvature.errors import OptionError


@dataclass(frozen=True, eq=False)
class Derivation:
    """A flow and the Hessian of its log density, as sympy expressions.

    Attributes
    ----------
    x
        The C channels of the pixel.
    sigma
        Standard deviation of the latents.
    kernels
        ``U_1`` to ``U_K``; rows are output channels.
    couplings
        By step, the functions that it adds to channels 2 to C; empty for a linear flow.
    flow
        ``f(x)``.
    jacobian
        ``J`` as the product of the steps' Jacobians (eq. 34).
    gauss_newton
        ``-J'J / sigma^2``.
    second_order
        ``-(1/sigma^2) sum_i z_i Hess f_i`` as a sum over couplings (eq. 35).
    """

    x: sympy.Matrix
    sigma: sympy.Symbol
    kernels: tuple[sympy.Matrix, ...]
    couplings: tuple[tuple[Any, ...], ...]
    flow: sympy.Matrix
    jacobian: sympy.Matrix
    gauss_newton: sympy.Matrix
    second_order: sympy.Matrix

    @property
    def channels(self) -> int:
        """Number of channels C."""
        return len(self.x)

    @property
    def hessian(self) -> sympy.Matrix:
        """``H``: Gauss-Newton and second-order part together (eq. 7)."""
        return self.gauss_newton + self.second_order

    @property
    def product(self) -> sympy.Matrix:
        """``U = U_K ... U_1``."""
        return kernel_product(self.kernels)

    @property
    def log_prob(self) -> sympy.Expr:
        """``log p(x)`` up to its constants."""
        return -(self.flow.T * self.flow)[0] / (2 * self.sigma**2)

    @property
    def latex(self) -> str:
        """``-sigma^2 H`` in LaTeX: Gauss-Newton part plus second-order part."""
        parts = (self.gauss_newton, self.second_order)
        return " + ".join(sympy.latex((-(self.sigma**2) * part).applyfunc(sympy.expand)) for part in parts)

    def is_proved(self) -> bool:
        """Whether sympy's own second derivatives of log p equal `hessian`, entry by entry."""
        difference = sympy.hessian(self.log_prob, list(self.x)) - self.hessian
        return vanishes(difference)


@dataclass(frozen=True, eq=False)
class DroppedTerms:
    """What separates the published coefficients from the exact diagonal of ``-sigma^2 H`` (eq. 36), channel by channel.

    Attributes
    ----------
    published
        ``alpha_c^2``, what is kept.
    mixing
        ``||U e_c||^2 - alpha_c^2``: a column's norm in place of row sums.
    coupling_jacobian
        ``||J e_c||^2 - ||U e_c||^2``: first derivatives of the couplings.
    second_order
        ``sum_i z_i d^2 f_i / dx_c^2``: second derivatives of the couplings; it has no sign.
    correlation
        By pair of channels (c, d), 0-based: twice the off-diagonal entry of ``-sigma^2 H``, what multiplies the
        covariance of both channels; left out with the covariance.
    is_complete
        Computed: the first four add up to the diagonal of sympy's own second derivatives.
    """

    published: tuple[sympy.Expr, ...]
    mixing: tuple[sympy.Expr, ...]
    coupling_jacobian: tuple[sympy.Expr, ...]
    second_order: tuple[sympy.Expr, ...]
    correlation: dict[tuple[int, int], sympy.Expr]
    is_complete: bool


def derive(channels: int, steps: int, couplings: bool = True) -> Derivation:
    """Derive J and H of K steps on a pixel of C channels.

    Parameters
    ----------
    channels
        C: 2 or 3 with couplings, so that the first half is one channel; at least 1 without.
    steps
        Number of steps K.
    couplings
        Whether a coupling follows each kernel; without them the flow is linear.

    Raises
    ------
    OptionError
        If a size is out of range.
    """
    if steps < 1 or channels < 1 or (couplings and channels not in (2, 3)):
        raise OptionError(
            f"derive: expected at least one step, and 2 or 3 channels with couplings, got C={channels}, K={steps}"
        )
    x = sympy.Matrix(sympy.symbols(f"x1:{channels + 1}", real=True))
    sigma = sympy.Symbol("sigma", positive=True)
    kernels = symbolic_kernels(channels, steps)
    functions = tuple(_functions(k, channels) for k in range(1, steps + 1)) if couplings else ()
    z, jacobian, curved = _forward(x, kernels, functions)
    second = sympy.zeros(channels)
    for weight, gradient in _weighted(z, kernels, curved):
        second += weight * gradient.T * gradient
    scale = -1 / sigma**2
    gauss_newton = scale * jacobian.T * jacobian
    return Derivation(x, sigma, kernels, functions, z, jacobian, gauss_newton, scale * second)


def dropped_terms(derivation: Derivation) -> DroppedTerms:
    """Split the exact diagonal of ``-sigma^2 H`` into what the published form keeps and all that it drops (eq. 36)."""
    C, scale = derivation.channels, -1 / derivation.sigma**2
    # -sigma^2 times a part of H is minus that part at sigma = 1.
    second_part, H = (-part.subs(derivation.sigma, 1) for part in (derivation.second_order, derivation.hessian))
    exact = sympy.hessian(derivation.log_prob, list(derivation.x))
    published = tuple(alpha**2 for alpha in row_sum_products(derivation.kernels))
    linear = column_norms(derivation.product)
    gauss_newton = column_norms(derivation.jacobian)
    second = tuple(second_part.diagonal())
    mixing = tuple(sympy.expand(linear[c] - published[c]) for c in range(C))
    coupling = tuple(sympy.expand(gauss_newton[c] - linear[c]) for c in range(C))
    correlation = {(c, d): sympy.expand(2 * H[c, d]) for c in range(C) for d in range(c + 1, C)}
    totals = [scale * (published[c] + mixing[c] + coupling[c] + second[c]) - exact[c, c] for c in range(C)]
    return DroppedTerms(published, mixing, coupling, second, correlation, vanishes(sympy.Matrix(totals)))


def specialise(
    derivation: Derivation, expression: Any, kernels: tuple[sympy.Matrix, ...], couplings: sympy.Lambda | None = None
) -> Any:
    """Insert kernels, and one function of one variable for every coupling, into an expression or matrix.

    Parameters
    ----------
    derivation
        Where the expression comes from.
    expression
        Expression or matrix in the derivation's symbols.
    kernels
        One matrix a step.
    couplings
        ``sympy.Lambda(h, ...)`` to stand for every `m_k_i`; not needed for a linear flow.
    """
    for function in (m for step in derivation.couplings for m in step):
        for order, name in enumerate(derivatives(function)):
            expression = expression.replace(name, _derivative(couplings, order))
    pairs = zip(derivation.kernels, kernels, strict=True)
    return expression.subs({u: v for symbols, values in pairs for u, v in zip(symbols, values, strict=True)})


def symbolic_kernels(channels: int, steps: int) -> tuple[sympy.Matrix, ...]:
    """Kernels of real symbols ``u_k_ij``."""
    return tuple(
        sympy.Matrix(channels, channels, lambda i, j, k=k: sympy.Symbol(f"u_{k}_{i + 1}{j + 1}", real=True))
        for k in range(1, steps + 1)
    )


def kernel_product(kernels: tuple[sympy.Matrix, ...]) -> sympy.Matrix:
    """``U_K ... U_1``."""
    product = kernels[0]
    for kernel in kernels[1:]:
        product = kernel * product
    return product


def row_sum_products(kernels: tuple[sympy.Matrix, ...]) -> tuple[sympy.Expr, ...]:
    """``alpha_c = prod_k sum_j u_{k,c,j}`` for every channel (eq. 24)."""
    return tuple(sympy.prod(sum(kernel.row(c)) for kernel in kernels) for c in range(kernels[0].rows))


def column_norms(matrix: sympy.Matrix) -> tuple[sympy.Expr, ...]:
    """Squared norm of every column: ``||U e_c||^2`` (eq. 25)."""
    return tuple((matrix[:, c].T * matrix[:, c])[0] for c in range(matrix.cols))


def vanishes(values: Any) -> bool:
    """Whether sympy can show that every entry of a matrix or list is zero.

    First as polynomials in the symbols and in the values of all functions, which is fast and enough for rational
    identities; where an entry is no polynomial, or its functions obey identities of their own, by simplification.
    """
    return all(_is_zero(entry) for entry in sympy.Matrix([values]))


def smooth_function(name: str) -> Any:
    """Make an unspecified function of one variable with derivatives `name_d1` and `name_d2`, lambdify's names too."""
    derivative = None
    for order in (2, 1, 0):
        members: dict[str, Any] = {"nargs": 1, "_latex": _latex_of(name, order), "derivative": derivative}
        if derivative is not None:
            members["fdiff"] = lambda self, argindex=1: type(self).derivative(self.args[0])
        derivative = type(name if order == 0 else f"{name}_d{order}", (sympy.Function,), members)
    return derivative


def derivatives(function: Any) -> tuple[Any, Any, Any]:
    """The function, its first and its second derivative."""
    return function, function.derivative, function.derivative.derivative


def _is_zero(entry: sympy.Expr) -> bool:
    functions = entry.atoms(sympy.Function)
    # One function value may be written with its argument expanded or not.
    values: dict[sympy.Expr, sympy.Symbol] = {}
    symbols = {function: values.setdefault(sympy.expand(function), sympy.Dummy()) for function in functions}
    # The latents' scale enters as 1 / sigma^2 alone; as a symbol of its own it leaves a polynomial.
    precision = {factor: sympy.Dummy() for factor in entry.atoms(sympy.Pow) if factor.exp == -2}
    polynomial = entry.xreplace(symbols).xreplace(precision)
    generators = sorted(polynomial.free_symbols, key=str)
    try:
        if not ring(generators, sympy.QQ)[0].from_expr(polynomial):
            return True
    except ValueError:
        return sympy.simplify(entry) == 0
    # Unspecified couplings obey no identities; sines, cosines and reciprocals do.
    is_free = not precision and all(hasattr(function, "derivative") for function in functions)
    return not is_free and sympy.simplify(entry) == 0


def _functions(step: int, channels: int) -> tuple[Any, ...]:
    return tuple(smooth_function(f"m_{step}_{i}") for i in range(2, channels + 1))


def _forward(x: sympy.Matrix, kernels: tuple[sympy.Matrix, ...], functions: tuple[tuple[Any, ...], ...]) -> Any:
    """Latents, Jacobian, and for each coupling: its N_k, second derivatives and the gradient of its input."""
    h, J, curved = x, sympy.eye(len(x)), []
    for k, kernel in enumerate(kernels):
        h, J = kernel * h, kernel * J
        if functions:
            value, first, second = (
                sympy.Matrix([0, *(derivatives(m)[order](h[0]) for m in functions[k])]) for order in range(3)
            )
            N = sympy.zeros(len(x))
            N[:, 0] = first
            curved.append((N, second, J.row(0)))
            h, J = h + value, (sympy.eye(len(x)) + N) * J
    return h, J, curved


def _weighted(z: sympy.Matrix, kernels: tuple[sympy.Matrix, ...], curved: list[Any]) -> list[Any]:
    """Each coupling's ``sum_i lam_i m_i''`` and the gradient of its input; lam is z pulled back to the coupling."""
    terms, cotangent = [], z
    for kernel, (N, second, gradient) in zip(reversed(kernels[: len(curved)]), reversed(curved), strict=True):
        terms.append(((cotangent.T * second)[0], gradient))
        cotangent = kernel.T * (sympy.eye(len(z)) + N).T * cotangent
    return terms


def _derivative(function: sympy.Lambda, order: int) -> sympy.Lambda:
    (h,) = function.variables
    return sympy.Lambda(h, sympy.diff(function.expr, h, order))


def _latex_of(name: str, order: int) -> Any:
    symbol, step, channel = name.split("_")

    def latex(self: Any, printer: Any, exp: str | None = None) -> str:
        argument = printer._print(self.args[0])
        text = f"{symbol}{chr(39) * order}_{{{step},{channel}}}\\left({argument}\\right)"
        return text if exp is None else f"\\left({text}\\right)^{{{exp}}}"

    return latex
