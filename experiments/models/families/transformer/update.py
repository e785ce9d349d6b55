"""How a block changes entries of patches, given the numbers that its transformer says for each of them."""

from typing import Protocol

from jaxtyping import Float
from torch import Tensor

from experiments.models.config import CouplingName

LARGEST_LOG_SCALE = 3.0
"""Bound of the logarithm of an affine update's scale; a smooth bound keeps the inverse finite for every weight."""


class Update(Protocol):
    """An invertible map of each entry by itself, whose settings `h` are computed from other entries."""

    @property
    def is_constant_log_det(self) -> bool:
        """A promise: the log-determinant is the same number for every `x` and `h`."""

    def forward(
        self, x: Float[Tensor, "B N E"], h: Float[Tensor, "B N P"]
    ) -> tuple[Float[Tensor, "B N E"], Float[Tensor, "*#batch"]]:
        """Change the entries; return also the log-determinant in nats."""

    def inverse(self, y: Float[Tensor, "B N E"], h: Float[Tensor, "B N P"]) -> Float[Tensor, "B N E"]:
        """Change them back."""


class Additive:
    """`y = x + h`; the log-determinant is zero, because the Jacobian is unit triangular."""

    is_constant_log_det = True

    def forward(
        self, x: Float[Tensor, "B N E"], h: Float[Tensor, "B N E"]
    ) -> tuple[Float[Tensor, "B N E"], Float[Tensor, ""]]:
        """Add `h`; return also a zero."""
        return x + h, x.new_zeros(())

    def inverse(self, y: Float[Tensor, "B N E"], h: Float[Tensor, "B N E"]) -> Float[Tensor, "B N E"]:
        """Subtract `h`."""
        return y - h


class Affine:
    """`y = x exp(s) + m`, `s = c tanh(r / c)` with c = 3, and (r, m) the two halves of `h`; log-determinant `sum s`."""

    is_constant_log_det = False

    def forward(
        self, x: Float[Tensor, "B N E"], h: Float[Tensor, "B N E2"]
    ) -> tuple[Float[Tensor, "B N E"], Float[Tensor, " B"]]:
        """Scale and shift; return also the log-determinant in nats."""
        log_scale, shift = _log_scale_and_shift(h)
        return x * log_scale.exp() + shift, log_scale.sum((1, 2))

    def inverse(self, y: Float[Tensor, "B N E"], h: Float[Tensor, "B N E2"]) -> Float[Tensor, "B N E"]:
        """Undo shift and scale."""
        log_scale, shift = _log_scale_and_shift(h)
        return (y - shift) * (-log_scale).exp()


UPDATES: dict[CouplingName, Update] = {"affine": Affine(), "additive": Additive()}


def _log_scale_and_shift(h: Float[Tensor, "B N E2"]) -> tuple[Float[Tensor, "B N E"], Float[Tensor, "B N E"]]:
    raw, shift = h.chunk(2, dim=-1)
    return LARGEST_LOG_SCALE * (raw / LARGEST_LOG_SCALE).tanh(), shift
