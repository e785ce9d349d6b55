"""Coupling block: a transformer reads one half of the image and says how the other changes (Jet, arXiv 2412.15129).

Halves are the patches of one colour of a checkerboard, or the first or second half of the entries of every patch.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from experiments.models.bijection import Bijection
from experiments.models.config import NUMBERS_PER_CHANNEL
from experiments.models.families.transformer.config import TransformerConfig, network_sizes, splits_patches
from experiments.models.families.transformer.network import PatchTransformer
from experiments.models.families.transformer.patches import grid_of, tokens_of
from experiments.models.families.transformer.update import UPDATES


class PatchCoupling(Bijection):
    """Change the patches of one colour of a checkerboard by what those of the other colour say.

    The n-th patch that is changed gets the n-th result of the transformer; both are neighbours or close to each other.
    Where one colour has one patch more, the sequence of the other colour is filled up by a patch of zeros.

    Parameters
    ----------
    config : TransformerConfig
        Sizes and choices.
    index : int
        Number of the block: even ones read the colour of the first patch.
    entries : int
        Numbers of a patch.
    grid : tuple of int
        Rows and columns of patches.
    generator : torch.Generator
        Draws the first weights.
    """

    read: Int[Tensor, " R"]
    changed: Int[Tensor, " N"]
    order: Int[Tensor, " RN"]

    def __init__(
        self, config: TransformerConfig, index: int, entries: int, grid: tuple[int, int], generator: torch.Generator
    ) -> None:
        super().__init__()
        patches = grid[0] * grid[1]
        _, _, tokens = network_sizes(config, index, entries, patches)
        self.update = UPDATES[config.update]
        numbers = entries * NUMBERS_PER_CHANNEL[config.update]
        self.network = PatchTransformer(config, tokens, entries, numbers, False, generator)
        colour = (torch.arange(grid[0])[:, None] + torch.arange(grid[1])).flatten() % 2
        read = colour == index % 2
        # Not kept in checkpoints: they follow from the settings.
        self.register_buffer("read", read.nonzero()[:, 0], persistent=False)
        self.register_buffer("changed", (~read).nonzero()[:, 0], persistent=False)
        self.register_buffer("order", torch.cat((self.read, self.changed)).argsort(), persistent=False)

    @property
    def is_constant_log_det(self) -> bool:
        """True if the update's is: the Jacobian is block triangular."""
        return self.update.is_constant_log_det

    def forward(self, x: Float[Tensor, "B E H W"]) -> tuple[Float[Tensor, "B E H W"], Float[Tensor, "*#batch"]]:
        """Change the patches of one colour; return also the log-determinant in nats."""
        read, changed = self._halves(x)
        changed, log_det = self.update.forward(changed, self._settings(read))
        return self._whole(read, changed, x), log_det

    def inverse(self, y: Float[Tensor, "B E H W"]) -> Float[Tensor, "B E H W"]:
        """Change them back."""
        read, changed = self._halves(y)
        return self._whole(read, self.update.inverse(changed, self._settings(read)), y)

    def _halves(self, x: Float[Tensor, "B E H W"]) -> tuple[Float[Tensor, "B R E"], Float[Tensor, "B N E"]]:
        tokens = tokens_of(x)
        return tokens.index_select(1, self.read), tokens.index_select(1, self.changed)

    def _settings(self, read: Float[Tensor, "B R E"]) -> Float[Tensor, "B N P"]:
        missing = len(self.network.positions) - len(self.read)
        settings: Tensor = self.network(functional.pad(read, (0, 0, 0, missing)))
        return settings[:, : len(self.changed)]

    def _whole(self, read: Tensor, changed: Tensor, like: Tensor) -> Float[Tensor, "B E H W"]:
        tokens = torch.cat((read, changed), dim=1).index_select(1, self.order)
        return grid_of(tokens, (like.shape[2], like.shape[3]))


class EntryCoupling(Bijection):
    """Change one half of the entries of every patch by what the other halves of all patches say.

    Parameters are those of `PatchCoupling`; even blocks read the first half.
    """

    def __init__(
        self, config: TransformerConfig, index: int, entries: int, grid: tuple[int, int], generator: torch.Generator
    ) -> None:
        super().__init__()
        read, changed, tokens = network_sizes(config, index, entries, grid[0] * grid[1])
        self.update = UPDATES[config.update]
        self.reads_first = index % 2 == 0
        self.sizes = (read, changed) if self.reads_first else (changed, read)
        numbers = changed * NUMBERS_PER_CHANNEL[config.update]
        self.network = PatchTransformer(config, tokens, read, numbers, False, generator)

    @property
    def is_constant_log_det(self) -> bool:
        """True if the update's is: the Jacobian is block triangular."""
        return self.update.is_constant_log_det

    def forward(self, x: Float[Tensor, "B E H W"]) -> tuple[Float[Tensor, "B E H W"], Float[Tensor, "*#batch"]]:
        """Change one half; return also the log-determinant in nats."""
        read, changed = self._halves(x)
        changed, log_det = self.update.forward(changed, self.network(read))
        return self._whole(read, changed, x), log_det

    def inverse(self, y: Float[Tensor, "B E H W"]) -> Float[Tensor, "B E H W"]:
        """Change it back."""
        read, changed = self._halves(y)
        return self._whole(read, self.update.inverse(changed, self.network(read)), y)

    def _halves(self, x: Float[Tensor, "B E H W"]) -> tuple[Float[Tensor, "B N E1"], Float[Tensor, "B N E2"]]:
        first, second = tokens_of(x).split(self.sizes, dim=2)
        return (first, second) if self.reads_first else (second, first)

    def _whole(self, read: Tensor, changed: Tensor, like: Tensor) -> Float[Tensor, "B E H W"]:
        halves = (read, changed) if self.reads_first else (changed, read)
        return grid_of(torch.cat(halves, dim=2), (like.shape[2], like.shape[3]))


def coupling_block(
    config: TransformerConfig, index: int, entries: int, grid: tuple[int, int], generator: torch.Generator
) -> Bijection:
    """Return the coupling of that number: two that split the patches, two that split their entries, and so on."""
    make = PatchCoupling if splits_patches(index) else EntryCoupling
    return make(config, index, entries, grid, generator)
