"""What training maximises: log p of a batch, or the objective that a model names in its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.representation import Representation, representation_of
from curvature.errors import ShapeError
from curvature.units import bits_per_dim
from experiments.training.compiling import compiled
from experiments.training.randomness import seeded_generator

Function = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """The loss of a model: minus its objective, in bits per dimension (docs/theory.md, eq. 2).

    Attributes
    ----------
    model
        Any module with ``log_prob(x) -> [B]`` nats, or `experiments.models.density.DensityModel`.
    function
        The objective as it is called: ``(events, noise) -> [B]`` nats.
    """

    model: nn.Module
    function: Function

    @classmethod
    def of(cls, model: nn.Module, compile_: bool = False, cuda_graphs: bool = False) -> "Objective":
        """Find the objective of a model, compiled if asked for (`experiments.training.compiling`).

        Raises
        ------
        ConfigError
            If there is no compiler where one is needed.
        """
        found = cast(Function | None, getattr(model, "training_objective", None))
        if found is not None:
            return cls(model, compiled(found, cuda_graphs) if compile_ else found)
        log_prob = cast(Callable[[Tensor], Tensor], model.log_prob)
        if compile_:
            log_prob = compiled(log_prob, cuda_graphs)
        return cls(model, lambda x, noise: log_prob(x))

    @property
    def uncompiled(self) -> "Objective":
        """The same without compilation, whose layers can be observed."""
        return Objective.of(self.model)

    @property
    def representation(self) -> Representation:
        """How images become events."""
        return representation_of(self.model)

    def noise(
        self, seed: int, step: int, batch_size: int, share: slice, like: Float[Tensor, " b *image"]
    ) -> Float[Tensor, "b draws"]:
        """Draw the noise of a step for the whole batch, of which shares are parts, and return a share."""
        draws = int(getattr(self.model, "objective_noise", 0))
        if not draws:
            return like.new_empty(len(like), 0)
        generator = seeded_generator(seed, "objective", step, like.device)
        noise = torch.randn(batch_size, draws, generator=generator, dtype=like.dtype, device=like.device)
        return noise[share]

    def loss(
        self, images: Float[Tensor, " b *image"], noise: Float[Tensor, "b draws"], low_precision: bool
    ) -> Float[Tensor, ""]:
        """Mean bits per dimension of dequantised images; `low_precision` is autocast to bfloat16.

        Raises
        ------
        ShapeError
            If the objective is not one value for each image.
        """
        representation = self.representation
        events = representation.embedded(images)
        with torch.autocast(events.device.type, torch.bfloat16, enabled=low_precision):
            log_p = self.function(events, noise)
        if log_p.shape != events.shape[:1]:
            raise ShapeError(f"log_prob: expected one value per image, shape {[len(events)]}, got {list(log_p.shape)}")
        return bits_per_dim(log_p.to(events.dtype), events[0].numel(), representation.bits).mean()
