"""Curvature and the variances of two sets along given directions (docs/theory.md, eq. 48).

Spatial frequencies, the natural directions for images, are in `curvature.frequencies`.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.accumulation import orthogonal_columns
from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.moments import Moments, require_events
from curvature.preconditions import float_tensor, require_shape
from curvature.units import gap_bits_per_dim

UNIT_WITHIN = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class DirectionalCurvature:
    """Curvature and the variances of two sets along given directions v, and what each contributes to the gap.

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


def along(expansion: Expansion, directions: Any, q: Moments, p: Moments) -> DirectionalCurvature:
    """Compute curvature and the variances of q and p along unit directions.

    The contributions sum to the covariance term if the directions are an orthonormal basis that diagonalises H, or
    Sigma_q - Sigma_p (`difference_components`): then the remainder is zero. In any other basis they are the diagonal
    part only, and single ones can be far larger than their sum (docs/theory.md, eq. 48).

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
    require_events(expansion.event_shape, q=q, p=p)
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


def principal_components(moments: Moments, count: int | None = None) -> Float[Tensor, " K *event"]:
    """Unit eigenvectors of a covariance, the largest variance first; directions without variance are left out."""
    F = orthogonal_columns(moments.factor)
    lengths = F.square().sum(0).sqrt()
    kept = lengths > math.sqrt(len(lengths) * torch.finfo(F.dtype).eps) * (lengths.max() if len(lengths) else 0)
    return (F[:, kept] / lengths[kept]).T[:count].reshape(-1, *moments.event_shape)


def difference_components(q: Moments, p: Moments) -> Float[Tensor, " D *event"]:
    """Orthonormal basis that diagonalises ``Sigma_q - Sigma_p``, the largest difference first.

    In this basis `along` has no remainder.

    Raises
    ------
    ShapeError
        If the moments are of different events.
    """
    require_shape(q.event_shape, p.event_shape, "q: event shape against that of p")
    _, U = torch.linalg.eigh(q.covariance() - p.covariance().to(q.factor))
    return U.flip(1).T.reshape(-1, *q.event_shape).contiguous()
