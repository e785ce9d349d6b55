"""Causal block: each patch is changed by what the patches before it say (TarFlow, arXiv 2412.06329, section 2.2)."""

import torch
from jaxtyping import Float
from torch import Tensor

from experiments.models.bijection import Bijection
from experiments.models.config import NUMBERS_PER_CHANNEL
from experiments.models.families.transformer.config import TransformerConfig, network_sizes
from experiments.models.families.transformer.network import PatchTransformer
from experiments.models.families.transformer.patches import grid_of, tokens_of
from experiments.models.families.transformer.update import UPDATES


class CausalBlock(Bijection):
    """`y_n = t(x_n; m(x_1, ..., x_{n-1}))` for the patches n in raster order, or in its reverse; `y_1 = x_1`.

    The Jacobian is block triangular with the diagonal blocks of the update t. `forward` is one evaluation of the
    transformer; `inverse` goes patch by patch, and keeps the keys and values of the patches so far.

    Parameters
    ----------
    config : TransformerConfig
        Sizes and choices.
    index : int
        Number of the block: odd ones take the patches in reverse.
    entries : int
        Numbers of a patch.
    grid : tuple of int
        Rows and columns of patches.
    generator : torch.Generator
        Draws the first weights.
    """

    def __init__(
        self, config: TransformerConfig, index: int, entries: int, grid: tuple[int, int], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.update = UPDATES[config.update]
        self.is_reversed = index % 2 == 1
        read, changed, tokens = network_sizes(config, index, entries, grid[0] * grid[1])
        numbers = changed * NUMBERS_PER_CHANNEL[config.update]
        self.network = PatchTransformer(config, tokens, read, numbers, True, generator)

    @property
    def is_constant_log_det(self) -> bool:
        """True if the update's is: the Jacobian is block triangular."""
        return self.update.is_constant_log_det

    def forward(self, x: Float[Tensor, "B E H W"]) -> tuple[Float[Tensor, "B E H W"], Float[Tensor, "*#batch"]]:
        """Change every patch but the first; return also the log-determinant in nats."""
        tokens = self._sequence(x)
        settings = self.network(tokens[:, :-1])
        changed, log_det = self.update.forward(tokens[:, 1:], settings)
        return self._grid(torch.cat((tokens[:, :1], changed), dim=1), x), log_det

    def inverse(self, y: Float[Tensor, "B E H W"]) -> Float[Tensor, "B E H W"]:
        """Change the patches back, one after the other."""
        tokens = self._sequence(y)
        token, found, pasts = tokens[:, :1], [tokens[:, :1]], self.network.no_past()
        for n in range(1, tokens.shape[1]):
            settings, pasts = self.network.extend(token, n - 1, pasts)
            token = self.update.inverse(tokens[:, n : n + 1], settings)
            found.append(token)
        return self._grid(torch.cat(found, dim=1), y)

    def _sequence(self, x: Float[Tensor, "B E H W"]) -> Float[Tensor, "B N E"]:
        tokens = tokens_of(x)
        return tokens.flip(1) if self.is_reversed else tokens

    def _grid(self, tokens: Float[Tensor, "B N E"], like: Tensor) -> Float[Tensor, "B E H W"]:
        in_order = tokens.flip(1) if self.is_reversed else tokens
        return grid_of(in_order, (like.shape[2], like.shape[3]))

    def extra_repr(self) -> str:
        """Show the order of the patches."""
        return "last patch first" if self.is_reversed else "first patch first"
