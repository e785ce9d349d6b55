"""The extreme eigenpairs of H (docs/theory.md, eq. 47)."""

from dataclasses import dataclass

import numpy as np
import scipy  # loads its subpackages at first use
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import ConvergenceError, OptionError
from curvature.hessian.operator import HessianOperator, MatrixOperator, products
from curvature.names import unknown_name

DENSE_WITHIN = 512  # dimensions; Lanczos takes hundreds of products one by one, the dense Hessian D of them in batches
KRYLOV_DIMENSION = 40  # at least; ARPACK's default of 20 restarts many times more often at the end near zero
ROUTES = ("auto", "lanczos", "dense")


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """Extreme eigenpairs of H, in rising order.

    Attributes
    ----------
    eigenvalues
        In nats per squared unit of the input; negative where log p falls in both directions.
    eigenvectors
        Unit vectors, as events.
    residuals
        ``|H v - lambda v|``; H has an eigenvalue within this distance of the one returned.
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


def spectrum(
    operator: HessianOperator, lowest: int = 5, highest: int = 5, seed: int = 0, route: str = "auto"
) -> Spectrum:
    """Find the most negative and the most positive eigenvalues of H, with eigenvectors and residuals.

    They come from Lanczos with implicit restarts on products with H, or from the dense Hessian. The largest eigenvalues
    of a flow's H are often clustered near zero, while the smallest are negative and huge. Lanczos takes thousands of
    products to resolve such a cluster; ``highest=0`` or the dense route avoids that.

    Parameters
    ----------
    operator
        H.
    lowest, highest
        Numbers of eigenpairs at the two ends.
    seed
        Of the starting vector.
    route
        ``lanczos``, ``dense``, or ``auto``: dense if H is a matrix already, if D is at most 512, or if so many pairs
        are asked for that the Krylov space would be the whole space.

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
    D = operator.point.dim
    if min(lowest, highest) < 0 or not 1 <= lowest + highest <= D:
        raise OptionError(f"spectrum: expected 1 to D = {D} eigenpairs, got lowest={lowest}, highest={highest}")
    if route not in ROUTES:
        raise unknown_name("spectrum route", route, ROUTES)
    whole = 2 * max(lowest, highest) + 1 >= D
    if route == "dense" or whole or (route == "auto" and (operator.num_matvecs == 0 or D <= DENSE_WITHIN)):
        return _dense(operator.dense(), lowest, highest, operator.num_matvecs)
    pairs = [_lanczos(operator, *end, seed) for end in ((lowest, "SA"), (highest, "LA")) if end[0]]
    values = torch.cat([pair[0] for pair in pairs])
    vectors = torch.cat([pair[1] for pair in pairs])
    return _with_residuals(operator, values, vectors, "lanczos", sum(pair[2] for pair in pairs))


def _dense(operator: MatrixOperator, lowest: int, highest: int, num_matvecs: int) -> Spectrum:
    """Take both ends of the whole spectrum."""
    values, U = torch.linalg.eigh(operator.matrix)
    D = len(values)
    picked = [*range(lowest), *range(D - highest, D)]
    return _with_residuals(operator, values[picked], U[:, picked].T, "dense", num_matvecs)


def _lanczos(operator: HessianOperator, k: int, which: str, seed: int) -> tuple[Tensor, Tensor, int]:
    """Eigenvalues, eigenvectors as rows, and products taken, at one end of the spectrum."""
    point = operator.point
    D, taken = point.dim, 0

    def product(v: np.ndarray) -> np.ndarray:
        nonlocal taken
        taken += 1
        Hv = products(operator, torch.from_numpy(v.reshape(-1).copy()).to(point.x0).reshape(1, *point.event_shape))
        return Hv.reshape(-1).double().cpu().numpy()

    H = scipy.sparse.linalg.LinearOperator((D, D), matvec=product, dtype=np.float64)
    start = np.random.default_rng(seed).standard_normal(D)
    try:
        values, U = scipy.sparse.linalg.eigsh(
            H, k=k, which=which, v0=start, ncv=min(D, max(2 * k + 1, KRYLOV_DIMENSION))
        )
    except scipy.sparse.linalg.ArpackNoConvergence as error:
        raise ConvergenceError(
            f"spectrum: {len(error.eigenvalues)} of {k} eigenvalues ({which}) converged in {taken} products; "
            "ask for fewer, or take route='dense'"
        ) from error
    order = np.argsort(values)
    to_tensor = point.x0.new_tensor
    return to_tensor(values[order]), to_tensor(U.T[order]), taken


def _with_residuals(
    operator: HessianOperator, values: Tensor, rows: Float[Tensor, "K D"], route: str, num_matvecs: int
) -> Spectrum:
    vectors = rows.reshape(len(rows), *operator.point.event_shape).contiguous()
    HV = products(operator, vectors).reshape(rows.shape)
    residuals = (HV - values[:, None] * rows).square().sum(1).sqrt()
    return Spectrum(values, vectors, residuals, route, num_matvecs + len(rows))
