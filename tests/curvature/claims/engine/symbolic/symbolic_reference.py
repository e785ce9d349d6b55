"""NumPy functions generated from the symbolic derivation: exact references for numerical code (eqs. 24, 34, 35)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy

from curvature.claims.engine.symbolic.derivation import derive
from curvature.claims.engine.symbolic.kernels import row_sum_products
from curvature.claims.engine.symbolic.smooth_functions import derivatives

Derivatives = tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]


class Reference:
    """Exact H and traces of K steps on C channels; every method takes the kernels ``[K, C, C]``.

    `couplings` holds, by step and for channels 2 to C: the function added, its first and its second derivative.
    """

    def __init__(self, channels: int, steps: int, couplings: Sequence[Sequence[Derivatives]] = ()) -> None:
        self.flow = derive(channels, steps, couplings=bool(couplings))
        self.functions = {
            name.__name__: function
            for symbols, given in zip(self.flow.couplings, couplings, strict=True)
            for symbol, orders in zip(symbols, given, strict=True)
            for name, function in zip(derivatives(symbol), orders, strict=True)
        }

    def hessian(self, x: Any, kernels: Any, sigma: float = 1.0) -> np.ndarray:
        """Hessian of log p at x (eq. 7)."""
        return np.array(self._evaluate(self.flow.hessian, self.flow.x, x, kernels, sigma), float)

    def trace(self, x: Any, kernels: Any, variances: Any, sigma: float = 1.0) -> float:
        """``Tr{H Sigma}`` in nats for a diagonal Sigma with these channel variances."""
        return float(np.diag(self.hessian(x, kernels, sigma)) @ np.asarray(variances))

    def published_trace(self, kernels: Any, variances: Any, sigma: float = 1.0) -> float:
        """The same by the published form (eq. 24)."""
        v = sympy.symbols(f"v1:{self.flow.channels + 1}")
        alphas = row_sum_products(self.flow.kernels)
        published = -sum(alpha**2 * variance for alpha, variance in zip(alphas, v, strict=True)) / self.flow.sigma**2
        return float(self._evaluate(published, v, variances, kernels, sigma))

    def _evaluate(self, expression: Any, symbols: Sequence[sympy.Symbol], values: Any, kernels: Any, sigma: float):
        entries = [u for kernel in self.flow.kernels for u in kernel]
        arguments = [*symbols, *entries, self.flow.sigma]
        function = sympy.lambdify(arguments, expression, modules=[self.functions, "numpy"], cse=True)
        return function(*np.asarray(values), *np.asarray(kernels).reshape(-1), sigma)
