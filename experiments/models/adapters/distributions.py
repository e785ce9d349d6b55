"""Distribution objects of torch and of pyro, which is built on them: no modules, and bound to their own precision."""

from functools import reduce
from operator import add
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution, Transform, TransformedDistribution
from torch.distributions.utils import _sum_rightmost

from curvature.errors import OptionError
from experiments.models.adapters.adapted import AdaptedModel, default_dtype, no_context, seeded
from experiments.models.adapters.adapter import Adapter
from experiments.models.adapters.plain_tensors import objects_within


class DistributionModel(AdaptedModel):
    """`log p(x)` of a distribution object over events.

    Parameters
    ----------
    distribution : Distribution
        An independent copy without batch dimensions; modules among its transforms become modules of this one.
    """

    def __init__(self, distribution: Distribution) -> None:
        super().__init__(nn.ModuleList(each for each in objects_within(distribution) if isinstance(each, nn.Module)))
        self.distribution = distribution

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        with default_dtype(x.dtype):
            log_p: Tensor = self.distribution.log_prob(x)
        return log_p

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, " n *event"]:
        """Draw n events."""
        with seeded(generator):
            drawn: Tensor = self.distribution.sample(torch.Size((n,)))
        return drawn


class TransformedModel(DistributionModel):
    """A transformed distribution, with its latents; torch runs from latents to events, so its inverse is `forward`."""

    distribution: TransformedDistribution

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Float[Tensor, " B"]]:
        """Return the base's own values `z = f(x)` and `log|det df/dx|` in nats."""
        event_dim = len(self.distribution.event_shape)
        log_dets = []
        with default_dtype(x.dtype):
            for transform in reversed(self.distribution.transforms):
                y, x = x, transform.inv(x)
                log_det = transform.log_abs_det_jacobian(x, y)
                log_dets.append(-_sum_rightmost(log_det, event_dim - transform.codomain.event_dim))
                event_dim += transform.domain.event_dim - transform.codomain.event_dim
        return x, reduce(add, log_dets)

    def inverse(self, z: Tensor) -> Float[Tensor, " B *event"]:
        """Return `x = f^{-1}(z)`."""
        with default_dtype(z.dtype):
            return reduce(lambda y, transform: transform(y), self.distribution.transforms, z)


def adapt_distribution(distribution: Distribution, context: Any) -> nn.Module:
    """Adapt a distribution object.

    Raises
    ------
    OptionError
        If its batch shape is not empty, its values are discrete, or a context was given.
    """
    no_context(context, distribution)
    name, shape = type(distribution).__name__, tuple(distribution.batch_shape)
    if shape:
        raise OptionError(
            f"adapt: {name} holds {shape} distributions beside one another; for the density of events of that shape "
            f"pass torch.distributions.Independent(distribution, {len(shape)})"
        )
    if getattr(distribution.support, "is_discrete", False):
        raise OptionError(f"adapt: {name} is discrete; its log probability has no derivatives with respect to x")
    own = _without_checks(distribution)
    is_transformed = isinstance(own, TransformedDistribution) and own.transforms
    return TransformedModel(own) if is_transformed else DistributionModel(own)


def _without_checks(distribution: Distribution) -> Distribution:
    """Switch off caches and checks of values, which function transforms cannot pass; in place."""
    for part in objects_within(distribution):
        if isinstance(part, Transform):
            part._cache_size = 0
        elif isinstance(part, Distribution):
            part._validate_args = False
    return distribution


ADAPTER = Adapter("pyro", "pyro", 20, lambda model: isinstance(model, Distribution), adapt_distribution)
