"""A flow of transformers on patches, with couplings (Jet) or causal blocks (TarFlow), under a Gaussian prior.

With additive updates log|det df/dx| does not depend on x (docs/theory.md, "Notation").
"""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import NonFiniteError
from experiments.models.actnorm import ActNorm
from experiments.models.bijection import Bijection, Chain
from experiments.models.families.transformer.causal import CausalBlock
from experiments.models.families.transformer.config import TransformerConfig, require_patches
from experiments.models.families.transformer.coupling import coupling_block
from experiments.models.families.transformer.patches import Patches
from experiments.models.flow import Flow
from experiments.models.invertible_convolution import InvertibleConvolution
from experiments.models.prior import GaussianPrior


class LinearMaps(Chain):
    """Actnorm and invertible 1x1 convolution, in the parameters' precision even under autocast.

    bfloat16 would round away the dequantisation noise, on which the likelihood depends.
    """

    def forward(self, x: Float[Tensor, "B E H W"]) -> tuple[Float[Tensor, "B E H W"], Float[Tensor, ""]]:
        """Apply the maps; return also the log-determinant in nats."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x)


class TransformerFlow(Flow):
    """A flow on the patches of an image, at one resolution (Jet, arXiv 2412.15129; TarFlow, arXiv 2412.06329).

    Each block normalises the entries of a patch (actnorm), mixes them by an invertible matrix if wanted, and updates
    patches by a transformer. A scale and a shift for each latent come last (Dinh et al. 2015, arXiv 1410.8516, section
    3.3), so that additive updates, too, can give every latent its own volume. All of these start from data: each latent
    has a deviation of its own, which the images of one batch are too few for.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image; H and W divisible by the patch.
    config : TransformerConfig
        Sizes and choices.
    seed : int
        Of the initial weights; torch's global random state is left alone.

    Raises
    ------
    ShapeError
        The image's size does not suit the patches.
    """

    initialisation_images = 512

    def __init__(self, event_shape: tuple[int, int, int], config: TransformerConfig, seed: int = 0) -> None:
        require_patches(config, event_shape)
        super().__init__(event_shape, GaussianPrior(config.learn_prior_scale))
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        channels, height, width = event_shape
        self.grid = (channels * config.patch**2, height // config.patch, width // config.patch)
        layers: list[Bijection] = [Patches(config.patch)]
        make = CausalBlock if config.block == "causal" else coupling_block
        for index in range(config.blocks):
            layers.append(self._linear_maps(generator))
            layers.append(make(config, index, self.grid[0], self.grid[1:], generator))
        self.chain = Chain(layers)
        self.scales = ActNorm(self.dim)

    @property
    def is_constant_log_det(self) -> bool:
        """True if it is true of every block: the rest is affine."""
        return self.chain.is_constant_log_det

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Return the latents and `log|det df/dx|` in nats."""
        self.require_events(x)
        y, log_det = self.chain(x)
        z, scales_log_det = self.scales(_as_channels(y))
        return z.flatten(1), (log_det + scales_log_det).expand(len(x))

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, "B C H W"]:
        """Return the images whose latents are `z`; with causal blocks patch by patch."""
        self.require_latents(z)
        return self.chain.inverse(self.scales.inverse(_as_channels(z)).reshape(-1, *self.grid))

    @torch.no_grad()
    def initialise(self, x: Float[Tensor, "B C H W"]) -> None:
        """Set every actnorm from the batch `x`, in order, so that each one's output has zero mean and unit variance.

        Raises
        ------
        NonFiniteError
            `x` holds NaN or infinity, which would spoil every weight.
        """
        self.require_events(x)
        if not torch.isfinite(x).all():
            raise NonFiniteError("The batch to initialise actnorm from holds NaN or infinity; check the images.")
        self.scales.initialise(_as_channels(self.chain.initialise(x)))

    def _linear_maps(self, generator: torch.Generator) -> LinearMaps:
        entries = self.grid[0]
        mixing = [InvertibleConvolution(entries, generator)] if self.config.mixing else []
        return LinearMaps([ActNorm(entries), *mixing])


def _as_channels(y: Tensor) -> Float[Tensor, "B D 1 1"]:
    """Every entry as a channel of its own, of one pixel."""
    return y.flatten(1)[:, :, None, None]
