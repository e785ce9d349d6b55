"""H of a small flow of 1x1 convolutions and additive couplings, in symbols (docs/theory.md, eqs. 7, 34, 35).

One pixel of C channels passes K steps. Step k mixes the channels by a kernel of symbols and then adds to every channel
but the first an unspecified smooth function of the first, `m_k_i`. Sizes are small; otherwise the flow is general.
"""

from dataclasses import dataclass
from typing import Any

import sympy

from curvature.claims.engine.symbolic.kernels import kernel_product, symbolic_kernels
from curvature.claims.engine.symbolic.smooth_functions import derivatives, smooth_function
from curvature.claims.engine.symbolic.vanishing import vanishes
from curvature.errors import OptionError

# (C, K) for which statements are proved: three channels and three steps would take many seconds.
SIZES = ((2, 1), (2, 2), (2, 3), (3, 1), (3, 2))


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
    def second_derivatives(self) -> sympy.Matrix:
        """Second derivatives of log p by sympy's own differentiation."""
        return sympy.hessian(self.log_prob, list(self.x))

    def is_proved(self) -> bool:
        """Whether sympy's own second derivatives of log p equal `hessian`, entry by entry."""
        return vanishes(self.second_derivatives - self.hessian)


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
