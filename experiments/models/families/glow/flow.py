"""Constant-volume Glow: a multi-scale flow of squeezes, 1x1 convolutions and couplings under a Gaussian prior.

With additive couplings log|det df/dx| does not depend on x (docs/theory.md, "Notation").
"""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.closed_form.channel_mixing import Mixing
from curvature.errors import NonFiniteError
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import FactorOut, Layer
from experiments.models.bijection import Chain, Place, describe_layers
from experiments.models.families.glow.config import GlowConfig, require_divisible
from experiments.models.families.glow.step import FlowStep
from experiments.models.flow import Flow
from experiments.models.prior import GaussianPrior
from experiments.models.squeeze import Squeeze


class Glow(Flow):
    """Multi-scale Glow (Kingma & Dhariwal 2018, arXiv 1807.03039) with a prior that shares one scale.

    Each level squeezes, runs its flow steps, and, unless it is the last, gives the second half of its channels to the
    latents and the first half to the next level. `z` holds the halves given away first, level by level, then the rest.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image; H and W divisible by 2^levels.
    config : GlowConfig
        Sizes and choices.
    seed : int
        Of the initial weights; torch's global random state is left alone.

    Raises
    ------
    ShapeError
        The image's size does not suit the number of levels.
    """

    def __init__(self, event_shape: tuple[int, int, int], config: GlowConfig, seed: int = 0) -> None:
        require_divisible(event_shape, config.levels)
        super().__init__(event_shape, GaussianPrior(config.learn_prior_scale))
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        levels = []
        channels = event_shape[0]
        for _ in range(config.levels):
            channels *= 4
            steps = [FlowStep(channels, config, generator) for _ in range(config.steps)]
            levels.append(Chain([Squeeze(), *steps]))
            channels //= 2
        self.levels = nn.ModuleList(levels)

    @property
    def is_constant_log_det(self) -> bool:
        """True if it is true of every level."""
        return all(level.is_constant_log_det for level in self.chains())

    @property
    def is_initialised(self) -> bool:
        """True once every actnorm has seen data (or was loaded from a checkpoint that had)."""
        return all(bool(flag) for name, flag in self.named_buffers() if name.endswith("initialised"))

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Return the latents and `log|det df/dx|` in nats."""
        parts, log_det = self._parts(x)
        return torch.cat([part.flatten(1) for part in parts], dim=1), log_det

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats (see `Flow.log_prob`)."""
        parts, log_det = self._parts(x)
        # Sum of squares part by part: the latents need not be gathered.
        squares = [part.square().sum((1, 2, 3)) for part in parts]
        return self.prior.log_prob_of_square(torch.stack(squares).sum(0), self.dim) + log_det

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, "B C H W"]:
        """Return the images whose latents are `z`."""
        self.require_latents(z)
        shapes = self.latent_shapes()
        parts = z.split([channels * height * width for channels, height, width in shapes], dim=1)
        images = [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]
        *chains, last = self.chains()
        y = last.inverse(images[-1])
        for level, given_away in zip(reversed(chains), reversed(images[:-1]), strict=True):
            y = level.inverse(torch.cat((y, given_away), dim=1))
        return y

    @torch.no_grad()
    def initialise(self, x: Float[Tensor, "B C H W"]) -> None:
        """Set every actnorm from the batch `x`, in order, so that each one's output has zero mean and unit variance.

        Call it once, before training, on at least a hundred images. A trained model that was loaded from a checkpoint
        is initialised already. Calling it again starts the actnorms afresh.

        Raises
        ------
        NonFiniteError
            `x` holds NaN or infinity, which would spoil every weight.
        """
        self.require_events(x)
        if not torch.isfinite(x).all():
            raise NonFiniteError("The batch to initialise actnorm from holds NaN or infinity; check the images.")
        for level in self.chains():
            x = level.initialise(x)
            x = x[:, : x.shape[1] // 2]

    @torch.no_grad()
    def channel_mixings(self) -> list[Mixing]:
        """Return the 1x1 kernel and the actnorm scale of every flow step, in the order of evaluation."""
        return [
            Mixing(level, step, layer.convolution.kernel(), layer.actnorm.log_scale.exp())
            for level, chain in enumerate(self.chains())
            for step, layer in enumerate(chain.bijections()[1:])
            if isinstance(layer, FlowStep)
        ]

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        """Describe the flow layer by layer, with the parameters it has now, for fast exact curvature.

        Raises
        ------
        RouteError
            If a layer is neither a squeeze nor a flow step with an additive coupling of known layers; names the module.
        """
        layers: list[Layer] = []
        shapes = self.latent_shapes()
        for level, (chain, (kept, _, _)) in enumerate(zip(self.chains(), shapes, strict=True)):
            is_last = level == len(shapes) - 1
            channels = kept if is_last else 2 * kept
            for index, bijection in enumerate(chain.bijections()):
                place = Place(f"levels.{level}.layers.{index}", level, step=index - 1)
                layers += describe_layers(bijection, place, channels, "a squeeze or a flow step")
            if not is_last:
                layers.append(FactorOut(kept))
        zero = self.prior.log_scale.new_zeros(1, *self.event_shape)
        log_det = float(self(zero)[1])  # the same for every image: all layers described have a constant one
        return LayeredFlow(self.event_shape, tuple(layers), float(self.prior.scale), log_det)

    def chains(self) -> list[Chain]:
        """Return the levels, each a chain of one squeeze and the flow steps."""
        return [cast(Chain, level) for level in self.levels]

    def latent_shapes(self) -> list[tuple[int, int, int]]:
        """Return (C, H, W) of each part of `z`, in the order in which they are flattened into it."""
        channels, height, width = self.event_shape
        shapes = []
        for level in range(self.config.levels):
            is_last = level == self.config.levels - 1
            channels, height, width = (4 if is_last else 2) * channels, height // 2, width // 2
            shapes.append((channels, height, width))
        return shapes

    def _parts(self, x: Float[Tensor, "B C H W"]) -> tuple[list[Tensor], Float[Tensor, " B"]]:
        """Run the levels; return the parts of `z` as images and the log-determinant of each sample."""
        self.require_events(x)
        parts = []
        log_det = torch.zeros((), dtype=self.prior.log_scale.dtype, device=x.device)
        *chains, last = self.chains()
        for level in chains:
            x, level_log_det = level(x)
            log_det = log_det + level_log_det
            x, given_away = x.chunk(2, dim=1)
            parts.append(given_away)
        x, level_log_det = last(x)
        return [*parts, x], (log_det + level_log_det).expand(len(x))
