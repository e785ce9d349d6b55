"""Actnorm: one scale and one shift per channel, set from the first batch (Glow, arXiv 1807.03039, section 3.1)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from experiments.models.bijection import Bijection

# Dequantised pixels spread by at least 1/(256 sqrt 12) = 1.1e-3, so only channels without any noise meet this floor.
MINIMUM_STD = 1e-4


class ActNorm(Bijection):
    """Scale and shift every channel: `y = s * x + b`, `s = exp(log_scale)`; log-determinant `H W sum_c log s_c`.

    `initialise` sets `s` and `b` so that `y` has zero mean and unit variance per channel on that batch. The standard
    deviation is floored at 1e-4, so that a constant channel gets a finite scale (its output is zero on that batch).
    `forward` never looks at the flag `initialised`, which is a buffer: it travels with the state dict, and a loaded
    layer is never initialised again.

    Parameters
    ----------
    channels : int
        Number of channels C.
    """

    initialised: Bool[Tensor, ""]

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("initialised", torch.tensor(False))

    @property
    def is_constant_log_det(self) -> bool:
        """Always: an affine map."""
        return True

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, ""]]:
        """Scale and shift; return also the scalar log-determinant in nats."""
        y = x * self.log_scale.exp()[:, None, None] + self.shift[:, None, None]
        return y, self.log_scale.sum() * (x.shape[-2] * x.shape[-1])

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Undo shift and scale."""
        return (y - self.shift[:, None, None]) * (-self.log_scale).exp()[:, None, None]

    @torch.no_grad()
    def initialise(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Give every channel of this batch zero mean and unit variance, mark the layer initialised, return `y`."""
        std, mean = torch.std_mean(x, dim=(0, 2, 3), correction=0)
        log_scale = -std.clamp_min(MINIMUM_STD).log()
        self.log_scale.copy_(log_scale)
        self.shift.copy_(-mean * log_scale.exp())
        self.initialised.fill_(True)
        return self(x)[0]

    def extra_repr(self) -> str:
        """Show the number of channels."""
        return f"{self.log_scale.numel()}"
