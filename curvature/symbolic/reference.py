"""NumPy functions generated from the symbolic derivation: exact references for numerical code (eqs. 24, 34, 35)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from jaxtyping import Float

from curvature.errors import OptionError
from curvature.symbolic.derivation import derivatives, derive, row_sum_products

Derivatives = tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]


@dataclass(frozen=True, eq=False)
class Reference:
    """Exact H and traces of one small flow as NumPy functions; every one takes the kernels ``[K, C, C]``.

    Attributes
    ----------
    channels, steps
        Sizes C and K.
    gauss_newton, second_order
        The two parts of H at x: ``(x [C], kernels, sigma) -> [C, C]`` in nats per squared unit.
    published
        ``-(1/sigma^2) sum_c alpha_c^2 v_c``: ``(variances [C], kernels, sigma) -> nats``.
    """

    channels: int
    steps: int
    gauss_newton: Callable[..., Float[np.ndarray, "C C"]]
    second_order: Callable[..., Float[np.ndarray, "C C"]]
    published: Callable[..., float]

    def hessian(self, x: Any, kernels: Any, sigma: float = 1.0) -> Float[np.ndarray, "C C"]:
        """Hessian of log p at x (eq. 7)."""
        arguments = (*np.asarray(x), *np.asarray(kernels).reshape(-1), sigma)
        return np.array(self.gauss_newton(*arguments), float) + np.array(self.second_order(*arguments), float)

    def trace(self, x: Any, kernels: Any, variances: Any, sigma: float = 1.0) -> float:
        """``Tr{H Sigma}`` in nats for a diagonal Sigma with these channel variances."""
        return float(np.diag(self.hessian(x, kernels, sigma)) @ np.asarray(variances))

    def published_trace(self, kernels: Any, variances: Any, sigma: float = 1.0) -> float:
        """The same by the published form (eq. 24)."""
        return float(self.published(*np.asarray(variances), *np.asarray(kernels).reshape(-1), sigma))


def reference(channels: int, steps: int, couplings: Sequence[Sequence[Derivatives]] = ()) -> Reference:
    """Generate the reference functions of a flow.

    Parameters
    ----------
    channels, steps
        Sizes C (2 or 3 with couplings) and K.
    couplings
        By step, for channels 2 to C: the function added to it, its first and its second derivative, each of one
        number. Empty for a linear flow.

    Raises
    ------
    OptionError
        If a coupling is missing, or a size out of range.
    """
    flow = derive(channels, steps, couplings=bool(couplings))
    if [len(step) for step in couplings] != [len(step) for step in flow.couplings]:
        raise OptionError(f"reference: expected {channels - 1} couplings for each of {steps} steps")
    given = {
        name.__name__: function
        for symbols, functions in zip(flow.couplings, couplings, strict=True)
        for symbol, orders in zip(symbols, functions, strict=True)
        for name, function in zip(derivatives(symbol), orders, strict=True)
    }
    symbols = [u for kernel in flow.kernels for u in kernel]
    v = sympy.symbols(f"v1:{channels + 1}")
    alphas = row_sum_products(flow.kernels)
    published = -sum(alpha**2 * variance for alpha, variance in zip(alphas, v, strict=True)) / flow.sigma**2

    def compile_(arguments: Sequence[sympy.Symbol], expression: Any) -> Callable[..., Any]:
        return sympy.lambdify([*arguments, *symbols, flow.sigma], expression, modules=[given, "numpy"], cse=True)

    return Reference(
        channels,
        steps,
        compile_(list(flow.x), flow.gauss_newton),
        compile_(list(flow.x), flow.second_order),
        compile_(list(v), published),
    )
