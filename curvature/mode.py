"""The mode of log p, found by ascent: another possible expansion point (docs/theory.md, eq. 51)."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy  # loads its subpackages at first use
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import ConvergenceError, OptionError
from curvature.hessian.derivatives import hessian_vector_products, value_and_gradient
from curvature.hessian.inspection import inspected
from curvature.precision import LogDensity, LogProb
from curvature.preconditions import float_tensor, require_finite

# Distance from the start, in units of the start's own length, at which an ascent is taken to have no mode to go to.
FAR_AWAY = 1e4

# Dimensions up to which Newton steps come from the dense Hessian: its D products are computed in batches, those of an
# iterative solver one by one, and there are many of them because curvature spans four orders of magnitude.
DENSE_WITHIN = 1024
BATCH = 64


@dataclass(frozen=True, eq=False, repr=False)
class Mode:
    """A local maximum of log p.

    Attributes
    ----------
    point
        Where it is, as an event.
    log_prob
        log p there, in nats.
    gradient_norm
        Length of the gradient in nats per unit of the input; with bounds, of the part that points into the box.
    iterations
        Iterations of the optimiser.
    converged
        Whether the gradient is small enough; if not, `point` is where the iterations stopped.
    n_at_bounds
        Number of coordinates that lie at a bound; 0 without bounds.
    """

    point: Float[Tensor, "*event"]
    log_prob: float
    gradient_norm: float
    iterations: int
    converged: bool
    n_at_bounds: int = 0

    def __repr__(self) -> str:
        return f"Mode(log_prob={self.log_prob:.6g} nats, converged={self.converged})"

    def __str__(self) -> str:
        state = "converged" if self.converged else "NOT converged"
        held = f", {self.n_at_bounds} of {self.point.numel()} coordinates at a bound" if self.n_at_bounds else ""
        return (
            f"mode with log p = {self.log_prob:.6g} nats, |gradient| = {self.gradient_norm:.2g}, "
            f"{self.iterations} iterations, {state}{held}"
        )


def find_mode(
    log_prob: LogProb,
    start: Any,
    bounds: tuple[float, float] | None = None,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
) -> Mode:
    """Climb log p from a starting point to a local maximum, in float64.

    Without bounds the optimiser is Newton's method in a trust region; on a Gaussian one step within the region reaches
    the mode. Steps come from the dense Hessian up to D = 1024, and from products with H by Lanczos beyond (Gould et al.
    1999). With bounds the optimiser is L-BFGS-B (Byrd et al. 1995); if it does not converge and no coordinate lies at a
    bound, Newton's method goes on from where it stopped.

    A mixture has several modes, and the one found depends on the start. A CV flow under a Gaussian prior has one mode,
    ``f^{-1}(0)``, which can lie far outside the images; bounds keep the result among the images.

    Parameters
    ----------
    log_prob
        As for `curvature.expand`.
    start
        One event of floats, such as the mean of the data.
    bounds
        Least and greatest value of every coordinate, such as (0, 1) for pixels.
    tolerance
        Largest entry of the gradient that counts as zero, relative to that at the start (or to 1, if that is larger).
    max_iterations
        Largest number of iterations; if it is reached, `Mode.converged` is False.

    Raises
    ------
    ConvergenceError
        If the ascent goes far from its start or log p is not finite: log p may be unbounded.
    OptionError
        If the bounds are not in order, or do not hold the start.
    ToolkitError
        Any that `expand` raises.

    References
    ----------
    N. Gould, S. Lucidi, M. Roma, P. Toint, "Solving the trust-region subproblem using the Lanczos method", SIAM Journal
    on Optimization 9 (1999). R. Byrd, P. Lu, J. Nocedal, C. Zhu, "A limited memory algorithm for bound constrained
    optimization", SIAM Journal on Scientific Computing 16 (1995).
    """
    x0 = require_finite(float_tensor(start, "start"), "start")
    ascent = _Ascent(LogDensity.of(log_prob), x0, bounds)
    _, slope = ascent.value_and_slope(ascent.start)
    threshold = tolerance * max(1.0, float(np.abs(slope).max()))
    if bounds is None:
        return _newton(ascent, ascent.start, threshold, max_iterations)
    # ftol = 0: only the gradient decides; log p of an image is so large that its relative change means little.
    options = {"gtol": threshold, "ftol": 0.0, "maxfun": 20 * max_iterations, "maxcor": 20, "maxiter": max_iterations}
    x = ascent.start
    found = scipy.optimize.minimize(
        ascent.value_and_slope, x, jac=True, method="L-BFGS-B", bounds=[bounds] * x.size, options=options
    )
    mode = ascent.result(found.x, int(found.nit), threshold)
    if mode.converged or mode.n_at_bounds:
        return mode
    polished = _newton(ascent, found.x, threshold, max_iterations)
    inside = bounds[0] <= float(polished.point.min()) and float(polished.point.max()) <= bounds[1]
    return replace(polished, iterations=mode.iterations + polished.iterations) if inside else mode


def _newton(ascent: "_Ascent", x: np.ndarray, threshold: float, max_iterations: int) -> Mode:
    """Climb by Newton's method in a trust region, without bounds."""
    radius = max(1.0, float(ascent.dim) ** 0.5)
    options: dict[str, Any] = {"initial_trust_radius": radius, "max_trust_radius": FAR_AWAY * radius}
    options |= {"gtol": threshold, "maxiter": max_iterations}
    if ascent.dim <= DENSE_WITHIN:
        method: dict[str, Any] = {"method": "trust-exact", "hess": ascent.negative_hessian}
    else:
        method = {"method": "trust-krylov", "hessp": ascent.negative_product}
    callback = ascent.require_near
    found = scipy.optimize.minimize(ascent.value_and_slope, x, jac=True, callback=callback, options=options, **method)
    return ascent.result(found.x, int(found.nit), threshold)


class _Ascent:
    """The function to minimise, ``-log p`` of flat NumPy vectors, and its derivatives."""

    def __init__(self, density: LogDensity, x0: Tensor, bounds: tuple[float, float] | None) -> None:
        self.bounds, self.dim = bounds, x0.numel()
        self.origin = x0.to(density.device or x0.device, density.dtype)
        self.density = inspected(density, self.origin)
        self.start = self.origin.cpu().numpy().reshape(-1).copy()
        self.limit = FAR_AWAY * max(1.0, float(np.linalg.norm(self.start)), float(self.dim) ** 0.5)
        if bounds is not None:
            low, high = bounds
            if not low < high:
                raise OptionError(f"bounds: expected the lower one first, got {bounds}")
            if self.start.min() < low or self.start.max() > high:
                raise OptionError(f"start: lies outside the bounds {bounds}; start from a point inside")

    def event(self, x: np.ndarray) -> Tensor:
        """Return a vector as an event on the model's device."""
        return torch.from_numpy(x.reshape(-1).copy()).to(self.origin).reshape(self.origin.shape)

    def value_and_slope(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """-log p and its gradient."""
        value, g = value_and_gradient(self.density, self.event(x))
        self._require_finite(torch.cat([value.reshape(1), g.reshape(-1)]), "log p or its gradient", x)
        return -float(value), -g.reshape(-1).cpu().numpy()

    def negative_hessian(self, x: np.ndarray) -> np.ndarray:
        """``-H(x)``, dense."""
        return -self._products(x, np.eye(self.dim))

    def negative_product(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """``-H(x) v``."""
        return -self._products(x, v.reshape(1, -1))[0]

    def _products(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        v = torch.from_numpy(rows.copy()).to(self.origin).reshape(-1, *self.origin.shape)
        Hv = torch.cat(list(hessian_vector_products(self.density, self.event(x), v, BATCH)))
        self._require_finite(Hv, "the Hessian", x)
        return Hv.reshape(rows.shape).cpu().numpy()

    def _require_finite(self, values: Tensor, name: str, x: np.ndarray) -> None:
        if not bool(torch.isfinite(values).all()):
            raise ConvergenceError(f"mode: {name} is not finite {self._where(x)}; give bounds, or another start")

    def require_near(self, x: np.ndarray) -> None:
        """Raise once an ascent without bounds has gone far from its start."""
        if np.linalg.norm(x - self.start) > self.limit:
            raise ConvergenceError(
                f"mode: none found, log p still rises {self._where(x)}; log p may be unbounded: give bounds"
            )

    def result(self, x: np.ndarray, iterations: int, threshold: float) -> Mode:
        """Describe the point where the optimiser stopped."""
        value, slope = self.value_and_slope(x)
        held = np.zeros(self.dim, dtype=bool)
        if self.bounds is not None:
            low, high = self.bounds
            held = (x <= low) | (x >= high)
            # Where -log p rises from a bound into the box, the bound is the best point: that slope does not count.
            slope = np.where(((x <= low) & (slope > 0)) | ((x >= high) & (slope < 0)), 0.0, slope)
        converged = bool(np.abs(slope).max() <= threshold)
        return Mode(self.event(x), -value, float(np.linalg.norm(slope)), iterations, converged, int(held.sum()))

    def _where(self, x: np.ndarray) -> str:
        return f"at distance {np.linalg.norm(x - self.start):.3g} from the start"
