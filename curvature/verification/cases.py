"""What a claim is tried on: a model and a few numbers, each a frozen dataclass whose repr is Python code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion, expand
from curvature.verification.covariance_strategies import (
    STRUCTURES,
    Covariance,
    OrderedCovariances,
    covariances,
    ordered_covariances,
)
from curvature.verification.flow_strategies import flows
from curvature.verification.small_numbers import Matrix, Vector, eighths, vectors
from curvature.verification.toy_flow import ToyFlow


class Model(Protocol):
    """Any density to test: a module, or anything with these two; `ToyFlow` and `Density` are."""

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""

    @property
    def log_prob(self) -> Callable[..., Tensor]:
        """``[B, *event] -> [B]``, nats, in float64."""


Models = SearchStrategy[Any]
"""Strategy of `Model`."""


@dataclass(frozen=True)
class Density:
    """A log_prob and the shape of its events: the least that a test needs."""

    log_prob: Callable[..., Tensor]
    event_shape: tuple[int, ...]


@dataclass(frozen=True)
class AtPoint:
    """A model and an expansion point x0, as D numbers."""

    model: Model
    x0: Vector

    def point(self) -> Float[Tensor, "*event"]:
        """x0 as an event."""
        return self.event(self.x0)

    def event(self, numbers: Vector) -> Float[Tensor, "*event"]:
        """D numbers as an event."""
        return torch.tensor(numbers, dtype=torch.float64).reshape(self.model.event_shape)

    def events(self, rows: Matrix) -> Float[Tensor, " N *event"]:
        """Rows of D numbers as events."""
        return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), *self.model.event_shape)

    @cached_property
    def expansion(self) -> Expansion:
        """Expansion of log p about x0."""
        return expand(self.model.log_prob, self.point())

    @cached_property
    def hessian(self) -> Float[Tensor, "D D"]:
        """H at x0 by reverse mode over reverse mode of log_prob: apart from the toolkit, and fast where D is small."""
        H = torch.autograd.functional.hessian(lambda x: self.model.log_prob(x[None])[0], self.point())
        return H.reshape(len(self.x0), len(self.x0))


@dataclass(frozen=True)
class WithCovariance(AtPoint):
    """And one covariance."""

    covariance: Covariance


@dataclass(frozen=True)
class WithOrder(AtPoint):
    """And two covariances, ``Sigma_q <= Sigma_p``."""

    pair: OrderedCovariances


@dataclass(frozen=True)
class WithContrasts(WithCovariance):
    """And two contrasts, ``lower < higher``."""

    lower: float
    higher: float


@dataclass(frozen=True)
class WithVariances(AtPoint):
    """And the variance of every channel under q and under p, the same at all pixels."""

    q: Vector
    p: Vector


@dataclass(frozen=True)
class WithSamples(AtPoint):
    """And two sets of samples."""

    q: Matrix
    p: Matrix


@dataclass(frozen=True)
class WithDirection(AtPoint):
    """And a displacement d from x0."""

    d: Vector


@dataclass(frozen=True)
class TwoFlows:
    """Two flows of the same events."""

    p: ToyFlow
    q: ToyFlow


@dataclass(frozen=True)
class ModelSamples:
    """A flow, a constant event a, and the seed of its samples."""

    model: ToyFlow
    a: Vector
    seed: int


def at_points(models: Models) -> SearchStrategy[AtPoint]:
    """Cases of a model and a point."""
    return _cases(AtPoint, models, lambda shape: (_points(shape),))


def at_modes(**options: Any) -> SearchStrategy[AtPoint]:
    """Toy flows at the point that maps to z = 0, the mode of a constant-volume flow."""
    return flows(**options).map(
        lambda flow: AtPoint(flow, tuple(flow.inverse(torch.zeros(1, flow.dim).double()).flatten().tolist()))
    )


def with_covariance(models: Models) -> SearchStrategy[WithCovariance]:
    """Cases with one covariance."""
    return _cases(WithCovariance, models, lambda shape: (_points(shape), covariances(shape)))


def with_order(models: Models) -> SearchStrategy[WithOrder]:
    """Cases with ordered covariances."""
    return _cases(WithOrder, models, lambda shape: (_points(shape), ordered_covariances(shape)))


def with_contrasts(models: Models) -> SearchStrategy[WithContrasts]:
    """Cases with two contrasts."""
    contrasts = st.sampled_from((0.0, 0.5, 0.25, 0.75)), st.sampled_from((1.0, 2.0, 1.5))
    return _cases(WithContrasts, models, lambda shape: (_points(shape), covariances(shape, STRUCTURES[1:]), *contrasts))


def with_variances(models: Models) -> SearchStrategy[WithVariances]:
    """Cases with channel variances."""
    variances = st.sampled_from((0.0, 1.0, 2.0, 0.5, 0.25))
    return _cases(WithVariances, models, lambda shape: (_points(shape), *[vectors(shape[0], variances)] * 2))


def with_samples(models: Models) -> SearchStrategy[WithSamples]:
    """Cases with two to four samples of q and of p."""

    def numbers(shape: Sequence[int]) -> tuple[SearchStrategy[Any], ...]:
        samples = st.lists(_points(shape), min_size=2, max_size=4).map(tuple)
        return _points(shape), samples, samples

    return _cases(WithSamples, models, numbers)


def with_direction(models: Models) -> SearchStrategy[WithDirection]:
    """Cases with a displacement."""
    return _cases(WithDirection, models, lambda shape: [_points(shape)] * 2)


def two_gaussians(models: Models) -> SearchStrategy[TwoFlows]:
    """Cases of two linear flows of the same events."""

    def other(shape: Sequence[int]) -> tuple[SearchStrategy[Any]]:
        return (flows(channels=shape[:1], sides=shape[1:2], activations=(), steps=1, levels=1),)

    return _cases(TwoFlows, models, other)


def model_samples(models: Models) -> SearchStrategy[ModelSamples]:
    """Cases that draw from the model."""
    return _cases(ModelSamples, models, lambda shape: (_points(shape), st.integers(0, 99)))


@st.composite
def _cases(
    draw: DrawFn, kind: type, models: Models, numbers: Callable[[Sequence[int]], Sequence[SearchStrategy[Any]]]
) -> Any:
    """A model, then numbers that fit its events."""
    model = draw(models)
    return kind(model, *(draw(strategy) for strategy in numbers(model.event_shape)))


def _points(shape: Sequence[int]) -> SearchStrategy[Vector]:
    """Points and displacements: up to 4, so that latents reach the prior's tails."""
    return vectors(_dim(shape), eighths(4))


def _dim(shape: Sequence[int]) -> int:
    return int(torch.Size(shape).numel())
