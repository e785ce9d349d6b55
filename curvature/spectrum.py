"""Where curvature lies: extreme eigenpairs of H, and H beside Sigma along directions (docs/theory.md, eqs. 47-48).

Spatial frequencies, the directions that mean something for images, are in `curvature.frequencies`.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.accumulation import orthogonal_columns
from curvature.errors import ConvergenceError, OptionError
from curvature.names import unknown_name
from curvature.preconditions import float_tensor, require_shape
from curvature.units import gap_bits_per_dim

if TYPE_CHECKING:
    from curvature.expansion import Expansion
    from curvature.moments import Moments

DENSE_WITHIN = 512  # dimensions; Lanczos takes hundreds of products one by one, the dense Hessian D of them in batches
KRYLOV_DIMENSION = 40  # at least; ARPACK's default of 20 restarts many times more often at the end near zero
UNIT_WITHIN = 1e-6
ROUTES = ("auto", "lanczos", "dense")


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """Extreme eigenpairs of H, in rising order.

    Attributes
    ----------
    eigenvalues
        In nats per squared unit of the input; negative = log p falls on both sides.
    eigenvectors
        Unit vectors, as events.
    residuals
        ``|H v - lambda v|``: H has an eigenvalue within this distance of the one given, whatever the method did.
    route
        ``lanczos`` or ``dense``.
    num_matvecs
        Number of products with H.
    """

    eigenvalues: Float[Tensor, " K"]
    eigenvectors: Float[Tensor, " K *event"]
    residuals: Float[Tensor, " K"]
    route: str
    num_matvecs: int

    def __str__(self) -> str:
        lines = [f"{len(self.eigenvalues)} extreme eigenvalues of H ({self.route}, {self.num_matvecs} products)"]
        lines += [
            f"{float(value):>+14.6g}  residual {float(residual):.1e}"
            for value, residual in zip(self.eigenvalues, self.residuals, strict=True)
        ]
        return "\n".join(lines)


def spectrum(expansion: "Expansion", lowest: int = 5, highest: int = 5, seed: int = 0, route: str = "auto") -> Spectrum:
    """Find the most negative and the most positive eigenvalues of H, with eigenvectors and residuals.

    By Lanczos with implicit restarts on products with H, or from the dense Hessian. The upper end of a flow's H is
    often a cluster near zero, beside which the lower end is huge: there Lanczos takes thousands of products, and
    ``highest=0`` or the dense route saves them.

    Parameters
    ----------
    expansion
        Expansion of log p.
    lowest, highest
        Numbers of eigenpairs at the two ends.
    seed
        Of the starting vector.
    route
        ``lanczos``, ``dense``, or ``auto``: dense if the expansion holds the Hessian, D is at most 512, or so many
        pairs are asked for that the Krylov space would be the whole space.

    Raises
    ------
    OptionError
        If no pair is asked for, or more than there are dimensions.
    UnknownNameError
        If there is no such route.
    ConvergenceError
        If Lanczos does not converge.

    References
    ----------
    R. B. Lehoucq, D. C. Sorensen, C. Yang, "ARPACK Users' Guide", SIAM 1998 (`scipy.sparse.linalg.eigsh`).
    """
    D = expansion.dim
    if min(lowest, highest) < 0 or not 1 <= lowest + highest <= D:
        raise OptionError(f"spectrum: expected 1 to D = {D} eigenpairs, got lowest={lowest}, highest={highest}")
    if route not in ROUTES:
        raise unknown_name("spectrum route", route, ROUTES)
    whole = 2 * max(lowest, highest) + 1 >= D
    if route == "dense" or whole or (route == "auto" and (expansion.has_hessian or D <= DENSE_WITHIN)):
        num_matvecs = 0 if expansion.has_hessian else D
        values, U = torch.linalg.eigh(expansion.hessian())
        picked = [*range(lowest), *range(D - highest, D)]
        return _with_residuals(expansion, values[picked], U[:, picked].T, "dense", num_matvecs)
    pairs = [_lanczos(expansion, *end, seed) for end in ((lowest, "SA"), (highest, "LA")) if end[0]]
    values = torch.cat([pair[0] for pair in pairs])
    vectors = torch.cat([pair[1] for pair in pairs])
    return _with_residuals(expansion, values, vectors, "lanczos", sum(pair[2] for pair in pairs))


def _lanczos(expansion: "Expansion", k: int, which: str, seed: int) -> tuple[Tensor, Tensor, int]:
    """Eigenvalues, eigenvectors as rows, and products taken, at one end of the spectrum."""
    # Imported here because scipy.sparse costs a third of a second that `import curvature` need not pay.
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    D, taken = expansion.dim, 0

    def product(v: np.ndarray) -> np.ndarray:
        nonlocal taken
        taken += 1
        Hv = expansion.hvp(torch.from_numpy(v.reshape(-1).copy()).reshape(expansion.event_shape))
        return Hv.reshape(-1).double().cpu().numpy()

    H = LinearOperator((D, D), matvec=product, dtype=np.float64)
    start = np.random.default_rng(seed).standard_normal(D)
    try:
        values, U = eigsh(H, k=k, which=which, v0=start, ncv=min(D, max(2 * k + 1, KRYLOV_DIMENSION)))
    except ArpackNoConvergence as error:
        raise ConvergenceError(
            f"spectrum: {len(error.eigenvalues)} of {k} eigenvalues ({which}) converged in {taken} products; "
            "ask for fewer, or call expansion.hessian() first"
        ) from error
    order = np.argsort(values)
    to_tensor = expansion.at.new_tensor
    return to_tensor(values[order]), to_tensor(U.T[order]), taken


def _with_residuals(
    expansion: "Expansion", values: Tensor, rows: Float[Tensor, "K D"], route: str, num_matvecs: int
) -> Spectrum:
    vectors = rows.reshape(len(rows), *expansion.event_shape).contiguous()
    HV = expansion.hvp(vectors).reshape(rows.shape)
    residuals = (HV - values[:, None] * rows).square().sum(1).sqrt()
    return Spectrum(values, vectors, residuals, route, num_matvecs + len(rows))


@dataclass(frozen=True, eq=False, repr=False)
class DirectionalCurvature:
    """Curvature beside the variances of two sets along given directions v, and what each contributes to the gap.

    Attributes
    ----------
    curvature
        ``v'Hv`` in nats per squared unit of the input.
    variance_q, variance_p
        ``v'Sigma v`` of the two sets.
    contribution
        ``1/2 v'Hv (v'Sigma_q v - v'Sigma_p v)`` in nats; positive = makes q more likely.
    covariance
        The whole covariance term ``1/2 Tr{H (Sigma_q - Sigma_p)}`` of eq. 9, in nats.
    dim
        Number D of dimensions.
    """

    curvature: Float[Tensor, " K"]
    variance_q: Float[Tensor, " K"]
    variance_p: Float[Tensor, " K"]
    contribution: Float[Tensor, " K"]
    covariance: float
    dim: int

    @property
    def remainder(self) -> float:
        """What the directions leave out of the covariance term, in nats: other directions, and off-diagonal parts."""
        return self.covariance - float(self.contribution.sum())

    def __str__(self) -> str:
        lines = [f"{'curvature':>12} {'variance q':>12} {'variance p':>12} {'gap bits/dim':>13}"]
        columns = (self.curvature, self.variance_q, self.variance_p, self.contribution)
        for h, s_q, s_p, nats in zip(*(column.tolist() for column in columns), strict=True):
            lines.append(f"{h:>+12.4g} {s_q:>12.4g} {s_p:>12.4g} {gap_bits_per_dim(nats, self.dim):>+13.5f}")
        lines.append(f"{'remainder':>38} {gap_bits_per_dim(self.remainder, self.dim):>+13.5f}")
        lines.append(f"{'covariance term':>38} {gap_bits_per_dim(self.covariance, self.dim):>+13.5f}")
        return "\n".join(lines)


def along(expansion: "Expansion", directions: Any, q: "Moments", p: "Moments") -> DirectionalCurvature:
    """Hold curvature against the variances of q and p along unit directions.

    The contributions sum to the covariance term if the directions are an orthonormal basis that diagonalises H, or
    Sigma_q - Sigma_p (`difference_components`): then the remainder is zero. In any other basis they are the diagonal
    part only, and can be far larger than their sum (docs/theory.md, eq. 48).

    Parameters
    ----------
    expansion
        Expansion of log p.
    directions
        ``[K, *event]``, each of length one.
    q, p
        Moments of the two sets.

    Raises
    ------
    OptionError
        If a direction is not of length one.
    ShapeError, NonFiniteError
        If shapes differ from the expansion's, or a product with H is not finite.
    """
    for name, moments in (("q", q), ("p", p)):
        require_shape(moments.event_shape, expansion.event_shape, f"{name}: event shape against the expansion point")
    V = float_tensor(directions, "directions").to(expansion.at)
    require_shape(V.shape[1:], expansion.event_shape, "directions: event shape against the expansion point")
    rows = V.reshape(len(V), expansion.dim)
    lengths = rows.square().sum(1).sqrt()
    if len(V) and float((lengths - 1).abs().max()) > UNIT_WITHIN:
        raise OptionError(f"directions: expected unit vectors, got lengths {lengths.min():.4g} to {lengths.max():.4g}")
    curvature = expansion.quadratic(V)
    variance_q, variance_p = ((rows @ moments.factor.to(V)).square().sum(1) for moments in (q, p))
    covariance = (float(expansion.trace(q)) - float(expansion.trace(p))) / 2
    contribution = curvature * (variance_q - variance_p) / 2
    return DirectionalCurvature(curvature, variance_q, variance_p, contribution, covariance, expansion.dim)


def principal_components(moments: "Moments", count: int | None = None) -> Float[Tensor, " K *event"]:
    """Unit eigenvectors of a covariance by falling variance, those without variance left out."""
    F = orthogonal_columns(moments.factor)
    lengths = F.square().sum(0).sqrt()
    kept = lengths > math.sqrt(len(lengths) * torch.finfo(F.dtype).eps) * (lengths.max() if len(lengths) else 0)
    return (F[:, kept] / lengths[kept]).T[:count].reshape(-1, *moments.event_shape)


def difference_components(q: "Moments", p: "Moments") -> Float[Tensor, " D *event"]:
    """Orthonormal basis that diagonalises ``Sigma_q - Sigma_p``, by falling difference: no remainder.

    Raises
    ------
    ShapeError
        If the moments are of different events.
    """
    require_shape(q.event_shape, p.event_shape, "q: event shape against that of p")
    _, U = torch.linalg.eigh(q.covariance() - p.covariance().to(q.factor))
    return U.flip(1).T.reshape(-1, *q.event_shape).contiguous()
