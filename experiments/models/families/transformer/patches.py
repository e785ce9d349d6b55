"""Images as grids of patches: each patch of p x p pixels becomes the channels of one place of a smaller image."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from experiments.models.bijection import Bijection


class Patches(Bijection):
    """Move the pixels of each p x p patch to channels: [B, C, H, W] -> [B, C p^2, H/p, W/p].

    A permutation of the entries: the log-determinant is zero.

    Parameters
    ----------
    patch : int
        Height and width p of a patch in pixels.
    """

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.patch = patch

    @property
    def is_constant_log_det(self) -> bool:
        """Always: a permutation."""
        return True

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B E H2 W2"], Float[Tensor, ""]]:
        """Return the grid of patches and a zero."""
        return functional.pixel_unshuffle(x, self.patch), x.new_zeros(())

    def inverse(self, y: Float[Tensor, "B E H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Put the pixels of each patch back in place."""
        return functional.pixel_shuffle(y, self.patch)

    def extra_repr(self) -> str:
        """Show the size of a patch."""
        return f"{self.patch}"


def tokens_of(grid: Float[Tensor, "B E H W"]) -> Float[Tensor, "B N E"]:
    """Patches as a sequence in raster order, N = H W."""
    return grid.flatten(2).mT


def grid_of(tokens: Float[Tensor, "B N E"], shape: tuple[int, int]) -> Float[Tensor, "B E H W"]:
    """Undo `tokens_of` for a grid of that height and width."""
    return tokens.mT.unflatten(2, shape)
