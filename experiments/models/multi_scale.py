"""The multi-scale architecture: every level but the last gives half of its channels to the latents.

Dinh et al. 2017, arXiv 1605.08803, section 3.6; what a level is made of is up to the family.
"""

from collections.abc import Iterable
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import NonFiniteError
from experiments.models.bijection import Chain
from experiments.models.flow import Flow
from experiments.models.prior import GaussianPrior
from experiments.models.squeeze import Squeeze


class LevelTerms(NamedTuple):
    """What each level adds to log p, in nats: the sums over the levels add up to it."""

    prior: Float[Tensor, "levels B"]
    """Log density of the latents that the level gives away (the last one: of all it has)."""
    log_det: Float[Tensor, "levels B"]
    """Log-determinant of the level's own map."""


class MultiScaleFlow(Flow):
    """Levels in sequence, each a chain with a squeeze, under a Gaussian prior that shares one scale.

    Each level but the last gives the second half of its channels to the latents and the first half to the next level.
    `z` holds the halves given away first, level by level, then the rest.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image.
    prior : GaussianPrior
        The density of the latents.
    levels : iterable of Chain
        The levels, the one next to the image first.
    """

    prior: GaussianPrior

    def __init__(self, event_shape: tuple[int, int, int], prior: GaussianPrior, levels: Iterable[Chain]) -> None:
        super().__init__(event_shape, prior)
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
        latents, log_dets = self._levels(x)
        return torch.cat([part.flatten(1) for part in latents], dim=1), self._total(log_dets, len(x))

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats (see `Flow.log_prob`)."""
        prior, log_det = self._terms(x)
        return prior + log_det

    def log_prob_parts(self, x: Float[Tensor, "B C H W"]) -> dict[str, Float[Tensor, " B"]]:
        """Return the prior term and the volume term of `log p(x)` in nats."""
        prior, log_det = self._terms(x)
        return {"prior": prior, "log_det": log_det}

    def log_prob_by_level(self, x: Float[Tensor, "B C H W"]) -> LevelTerms:
        """Return what each level adds to `log p(x)`, in nats."""
        latents, log_dets = self._levels(x)
        prior = [self.prior.log_prob(part.flatten(1)) for part in latents]
        return LevelTerms(torch.stack(prior), torch.stack([log_det.expand(len(x)) for log_det in log_dets]))

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

    def chains(self) -> list[Chain]:
        """Return the levels."""
        return [cast(Chain, level) for level in self.levels]

    def latent_shapes(self) -> list[tuple[int, int, int]]:
        """Return (C, H, W) of each part of `z`, in the order in which they are flattened into it."""
        channels, height, width = self.event_shape
        shapes = []
        for level in self.chains():
            if any(isinstance(layer, Squeeze) for layer in level.bijections()):
                channels, height, width = 4 * channels, height // 2, width // 2
            shapes.append((channels, height, width))
            channels //= 2
        *halved, last = shapes
        return [*((channels // 2, height, width) for channels, height, width in halved), last]

    def _levels(self, x: Float[Tensor, "B C H W"]) -> tuple[list[Tensor], list[Tensor]]:
        """Run the levels; return the parts of `z` as images, and the log-determinant of every level."""
        self.require_events(x)
        latents, log_dets = [], []
        *chains, last = self.chains()
        for level in chains:
            x, log_det = level(x)
            log_dets.append(log_det)
            x, given_away = x.chunk(2, dim=1)
            latents.append(given_away)
        x, log_det = last(x)
        return [*latents, x], [*log_dets, log_det]

    def _terms(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
        """Prior term and volume term in nats."""
        latents, log_dets = self._levels(x)
        # Sum of squares part by part: the latents need not be gathered.
        squares = torch.stack([part.square().sum((1, 2, 3)) for part in latents]).sum(0)
        return self.prior.log_prob_of_square(squares, self.dim), self._total(log_dets, len(x))

    @staticmethod
    def _total(log_dets: list[Tensor], count: int) -> Float[Tensor, " B"]:
        total = log_dets[0]
        for log_det in log_dets[1:]:
            total = total + log_det
        return total.expand(count)
