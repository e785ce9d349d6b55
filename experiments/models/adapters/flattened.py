"""A model of vectors that takes images: they are flattened on the way in, and vectors reshaped on the way out."""

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import RouteError
from curvature.hessian.layered.flow import HasCurvatureLayers, LayeredFlow
from curvature.hessian.layered.layers import Flatten
from curvature.log_prob_parts import SplitsLogProb


class FlattenedModel(nn.Module):
    """`log p(x) = log p_model(x.flatten(1))`: reshaping changes no volume.

    Parameters
    ----------
    model : Module
        Its events are vectors [D].
    event_shape : tuple of int
        Shape of one event of D entries.
    """

    def __init__(self, model: nn.Module, event_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.model = model
        self.event_shape = tuple(event_shape)
        self.dim = math.prod(event_shape)
        self.training = model.training

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = self.model.log_prob(x.flatten(1))  # type: ignore[operator]
        return log_p

    def log_prob_parts(self, x: Float[Tensor, " B *event"]) -> dict[str, Float[Tensor, " B"]]:
        """Return the parts of `log p(x)` that the model names, in nats."""
        return dict(self.model.log_prob_parts(x.flatten(1))) if isinstance(self.model, SplitsLogProb) else {}

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Float[Tensor, " B"]]:
        """Return the latents and `log|det dz/dx|` in nats."""
        z, log_det = self.model(x.flatten(1))
        return z, log_det

    def inverse(self, z: Tensor) -> Float[Tensor, " B *event"]:
        """Return the events of these latents."""
        return self._events(self.model.inverse(z))  # type: ignore[operator]

    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, " n *event"]:
        """Draw n events from the model."""
        return self._events(self.model.sample(n, generator))  # type: ignore[operator]

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers of the model of vectors, behind the flattening.

        Raises
        ------
        RouteError
            If it does not describe them.
        """
        if not isinstance(self.model, HasCurvatureLayers):
            raise RouteError(f"{type(self.model).__name__} does not describe its layers (no method curvature_layers())")
        inner = self.model.curvature_layers()
        return replace(inner, event_shape=self.event_shape, layers=(Flatten(self.event_shape), *inner.layers))

    def _events(self, vectors: Float[Tensor, "B D"]) -> Float[Tensor, " B *event"]:
        return vectors.reshape(len(vectors), *self.event_shape)
