"""Squeeze: trade each 2x2 block of pixels for four channels (Dinh et al. 2017, arXiv 1605.08803, section 3.6)."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from curvature.hessian.layered import layers
from experiments.models.bijection import Bijection, Place


class Squeeze(Bijection):
    """Move the pixels of each 2x2 block to channels: [B, C, H, W] -> [B, 4C, H/2, W/2].

    Output channel `4c + 2i + j` holds the pixels at row offset `i` and column offset `j` of input channel `c`. A
    permutation of the entries: the log-determinant is zero.
    """

    @property
    def is_constant_log_det(self) -> bool:
        """Always: a permutation."""
        return True

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C2 H2 W2"], Float[Tensor, ""]]:
        """Return the squeezed images and a zero."""
        return functional.pixel_unshuffle(x, 2), x.new_zeros(())

    def inverse(self, y: Float[Tensor, "B C2 H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Put the four channels of each block back in place."""
        return functional.pixel_shuffle(y, 2)

    def curvature_layers(self, place: Place, channels: int) -> list[layers.Layer]:
        """Describe the squeeze: a permutation."""
        return [layers.Squeeze()]
