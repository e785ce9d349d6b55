"""The mean of the densities of several models, and the WAIC of their disagreement."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import ConfigError, ShapeError, TooFewSamplesError
from experiments.models.density import DensityModel
from experiments.models.families.ensemble.config import EnsembleConfig
from experiments.models.registry import EventShape, build


class Ensemble(DensityModel):
    """The mixture of K models with equal weights, `p(x) = 1/K sum_k p_k(x)`.

    Lakshminarayanan et al. 2017, arXiv 1612.01474, section 2.4.

    Training maximises the mean of the members' own objectives, not log p of the mixture. Each member then has the
    gradient that it would have alone, divided by K. Adam and Adamax do not see the factor (their `eps` aside). Clipping
    does: the norm of the whole gradient is that of one member over sqrt(K), and one factor is for all members.

    Parameters
    ----------
    members : sequence of DensityModel
        At least two models of events of one shape.

    Raises
    ------
    TooFewSamplesError
        With fewer than two members, which have no variance.
    ShapeError
        If their events differ in shape.
    ConfigError
        If they are densities of features, or images become events in different ways: their densities cannot be
        averaged then.
    """

    def __init__(self, members: Sequence[DensityModel]) -> None:
        if len(members) < 2:
            raise TooFewSamplesError(f"An ensemble needs at least 2 members, got {len(members)}.")
        first, *others = members
        for other in others:
            if other.event_shape != first.event_shape:
                raise ShapeError(f"Members of an ensemble: event shapes {first.event_shape} and {other.event_shape}.")
            if other.representation != first.representation:
                raise ConfigError("members of an ensemble: images become events in different ways; choose equal ones")
        if first.representation.embed is not None:
            raise ConfigError(
                "members of an ensemble: each has a density of features of its own, which cannot be averaged; "
                "choose a family of densities of images"
            )
        super().__init__(first.event_shape)
        self.members = nn.ModuleList(members)
        self.representation = first.representation
        self.objective_noise = sum(member.objective_noise for member in members)
        self.initialisation_images = first.initialisation_images

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return self.models()[0].image_shape

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the members."""
        return self.models()[0].dtype

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return the logarithm of the mean of the members' densities, in nats.

        Raises
        ------
        ShapeError, DtypeError
            `x` is not a batch of events as the members take them.
        """
        return self.member_log_probs(x).logsumexp(0) - math.log(len(self.members))

    def member_log_probs(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " K B"]:
        """Return log p of every member, in nats."""
        return torch.stack([member.log_prob(x) for member in self.models()])

    def waic(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return the mean over members of log p, less its variance over members (docs/theory.md, eq. 66).

        The Watanabe-Akaike information criterion of each image (Choi et al. 2018, arXiv 1810.01392), in nats; larger
        for images that all members find likely. The variance is the unbiased one, with divisor K - 1.
        """
        log_p = self.member_log_probs(x)
        return log_p.mean(0) - log_p.var(0)

    def training_objective(self, x: Float[Tensor, " B *event"], noise: Float[Tensor, "B draws"]) -> Float[Tensor, " B"]:
        """Return the mean of the members' own objectives, in nats; every member gets noise of its own."""
        models = self.models()
        parts = noise.split([member.objective_noise for member in models], dim=1)
        objectives = [member.training_objective(x, part) for member, part in zip(models, parts, strict=True)]
        return torch.stack(objectives).mean(0)

    def initialise(self, x: Float[Tensor, " B *event"]) -> None:
        """Initialise every member from the images `x`."""
        for member in self.models():
            member.initialise(x)

    def member_densities(self) -> list[DensityModel]:
        """Return the members, whose Hessians make that of the mixture (`curvature.hessian.members`)."""
        return self.models()

    def models(self) -> list[DensityModel]:
        """Return the members."""
        return [cast(DensityModel, member) for member in self.members]


def build_ensemble(event_shape: EventShape, config: EnsembleConfig, seed: int = 0) -> Ensemble:
    """Build an ensemble whose k-th member has the initial weights of the seed `seed + k`.

    Raises
    ------
    ShapeError
        The members do not take images of that shape.
    ConfigError
        The members cannot be averaged.
    """
    return Ensemble([build(config.member, event_shape, seed + k) for k in range(config.members)])
