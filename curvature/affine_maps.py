"""Whether a map of events is affine, so that moments of its results follow from moments (docs/theory.md, eq. 14)."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import DtypeError, OptionError

LINEARITY_TOLERANCE = 1e-9


def require_affine(P: Callable[[Tensor], Tensor], near: Float[Tensor, "*event"]) -> None:
    """Raise unless a map of batches passes the parallelogram and scaling identities on fixed pseudo-random events.

    Raises
    ------
    DtypeError
        If the map does not return float64 for float64.
    OptionError
        If it is not affine to a relative 1e-9.
    """
    generator = torch.Generator().manual_seed(0)
    u, v = torch.randn(2, *near.shape, generator=generator, dtype=torch.float64).to(near.device)
    images = P(torch.stack([torch.zeros_like(u), u, v, u + v, -3 * u, near + u, near + v, near + u + v, near]))
    if images.dtype != torch.float64:
        raise DtypeError(f"map: expected float64 for float64 events, got {images.dtype}; do not cast inside the map")
    zero, Pu, Pv, Puv, P3u, Pnu, Pnv, Pnuv, Pn = images
    defects = [Puv + zero - Pu - Pv, P3u + 3 * Pu - 4 * zero, Pnuv + Pn - Pnu - Pnv]
    if max(float(defect.abs().max()) for defect in defects) > LINEARITY_TOLERANCE * float(images.abs().max()):
        raise OptionError("map: neither linear nor affine, so moments do not follow from moments; use samples instead")
