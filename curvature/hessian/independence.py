"""Check that log p of a sample does not depend on the other samples of its batch, which this package relies on."""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import BatchMixingError
from curvature.precision import LogDensity


@torch.no_grad()
def require_independent_samples(density: LogDensity, x0: Float[Tensor, "*event"], value: float) -> None:
    """Compare log p of two points evaluated together with log p of each alone.

    Raises
    ------
    BatchMixingError
        If they differ by more than round-off, as with batch normalisation by the batch's own statistics.
    """
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(x0)
    other = x0 + 0.01 * (1 + x0.abs()) * noise
    together = density(torch.stack([x0, other]))
    alone = torch.cat([together.new_tensor([value]), density(other[None])])
    # A point near x0 may lie outside the support; then its log p is not finite and only x0 is compared.
    differences = (together - alone).nan_to_num(0.0) if bool(alone[1].isfinite()) else (together - alone)[:1]
    allowed = torch.finfo(x0.dtype).eps ** 0.5 * (abs(value) + x0.numel())
    if not bool((differences.abs() <= allowed).all()):
        raise BatchMixingError(
            "log_prob: a sample's value depends on the other samples of its batch "
            f"(by {float(differences.abs().max()):.3g} nats); use statistics fixed in advance, such as model.eval()"
        )
