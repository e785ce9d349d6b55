"""What checks are tried on: points about the user's data, directions, covariances, jittered weights, draws.

A case is a few small numbers however many dimensions the events have, so that it shrinks, and can be read and pasted.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jaxtyping import Float
from torch import Tensor, nn

from curvature.moments import Moments
from curvature.property_testing.code_repr import CodeRepr

SEEDS = st.integers(0, 99)
CONTRASTS = (1.0, 0.0, 0.5, 1.5)
NOISES = (0.0, 0.25, 1.0)

CasesOf = Callable[[Any], SearchStrategy[Any]]
"""Strategy of cases for a subject, or for anything with its data as `x`."""


@dataclass(frozen=True, repr=False)
class Point(CodeRepr):
    """A point about the data: one sample, its contrast to the mean changed, and Gaussian noise added.

    Attributes
    ----------
    sample
        Index of the sample.
    contrast
        Factor of its difference from the mean of the data; 0 is the mean itself.
    noise
        Standard deviation of the noise, in standard deviations of the data.
    seed
        Of the noise.
    """

    sample: int = 0
    contrast: float = 1.0
    noise: float = 0.0
    seed: int = 0

    def event(self, x: Float[Tensor, " N *event"]) -> Float[Tensor, "*event"]:
        """The point, for these data."""
        event = x[self.sample]
        if self.contrast != 1:
            event = event + (self.contrast - 1) * (event - x.mean(0))
        return event + self.noise * spread(x) * gaussian(x.shape[1:], self.seed).to(x) if self.noise else event.clone()


@dataclass(frozen=True, repr=False)
class Points(CodeRepr):
    """Two points."""

    first: Point = Point()
    second: Point = Point()


@dataclass(frozen=True, repr=False)
class Direction(CodeRepr):
    """A unit vector: along one entry of the event, or a random one if a seed is given."""

    entry: int = 0
    seed: int | None = None

    def vector(self, x0: Float[Tensor, "*event"]) -> Float[Tensor, "*event"]:
        """The vector, for events like this one."""
        if self.seed is not None:
            v = gaussian(x0.shape, self.seed).to(x0)
            return v / v.norm()
        v = x0.new_zeros(x0.numel())
        v[self.entry] = 1
        return v.reshape(x0.shape)


@dataclass(frozen=True, repr=False)
class Line(CodeRepr):
    """A point and a direction."""

    point: Point = Point()
    direction: Direction = Direction()


@dataclass(frozen=True, repr=False)
class PointWithCovariance(CodeRepr):
    """A point and a covariance ``F F'``; the columns of F are as long as the data's standard deviation."""

    point: Point = Point()
    columns: tuple[Direction, ...] = ()

    def moments(self, x: Float[Tensor, " N *event"]) -> Moments:
        """Moments of that mean and covariance, for these data."""
        mean = self.point.event(x)
        F = torch.stack([spread(x) * column.vector(mean).flatten() for column in self.columns], 1)
        return Moments(mean, F, count=1)


@dataclass(frozen=True, repr=False)
class Jitter(CodeRepr):
    """Random changes of every parameter by a share of its size, because log-determinants at zero prove nothing."""

    size: float = 0.0
    seed: int = 0

    @torch.no_grad()
    def applied(self, module: nn.Module) -> nn.Module:
        """A copy of the module with its parameters changed."""
        module, generator = copy.deepcopy(module), torch.Generator().manual_seed(self.seed)
        for parameter in module.parameters():
            if parameter.is_floating_point():
                rms = float(parameter.square().mean().sqrt()) if parameter.numel() else 0.0
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                # Layers that start at zero, as the last one of a coupling often does, are moved away from it.
                parameter.add_(self.size * (rms + 0.1) * noise.to(parameter))
        return module


@dataclass(frozen=True, repr=False)
class JitteredPoint(CodeRepr):
    """A point, and changes of the weights."""

    point: Point = Point()
    jitter: Jitter = Jitter()


@dataclass(frozen=True, repr=False)
class Draw(CodeRepr):
    """The seed of the model's own samples, and a point that a statement about them may refer to."""

    seed: int = 0
    point: Point = Point()


@dataclass(frozen=True, repr=False)
class Data(CodeRepr):
    """The data as they are."""


def spread(x: Float[Tensor, " N *event"]) -> float:
    """Standard deviation of all entries about the mean event; 1 where the data do not vary."""
    deviation = float((x - x.mean(0)).square().mean().sqrt())
    return deviation if deviation > 0 else 1.0


def gaussian(shape: Any, seed: int) -> Tensor:
    """Independent N(0, 1) numbers, the same on every device."""
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def data(subject: Any) -> SearchStrategy[Data]:
    """The data as they are: a single case."""
    return st.just(Data())


def points(subject: Any, noises: tuple[float, ...] = NOISES) -> SearchStrategy[Point]:
    """Points about the data; simplest the first sample."""
    samples = st.integers(0, len(subject.x) - 1)
    return st.builds(Point, samples, st.sampled_from(CONTRASTS), st.sampled_from(noises), SEEDS)


def pairs(subject: Any) -> SearchStrategy[Points]:
    """Two points, the second with noise, so that they differ."""
    return st.builds(Points, points(subject), points(subject, noises=(1.0, 0.25)))


def directions(subject: Any) -> SearchStrategy[Direction]:
    """Unit vectors, simplest the one along the first entry."""
    entries = st.integers(0, subject.x[0].numel() - 1)
    return st.one_of(st.builds(Direction, entries), st.builds(Direction, seed=SEEDS))


def lines(subject: Any) -> SearchStrategy[Line]:
    """A point and a direction."""
    return st.builds(Line, points(subject), directions(subject))


def points_with_covariance(subject: Any) -> SearchStrategy[PointWithCovariance]:
    """A point, and a covariance of rank 1 to 3."""
    columns = st.lists(directions(subject), min_size=1, max_size=3).map(tuple)
    return st.builds(PointWithCovariance, points(subject), columns)


def jittered_points(subject: Any) -> SearchStrategy[JitteredPoint]:
    """A point and weights changed by at most an eighth of their size, simplest not at all."""
    jitters = st.builds(Jitter, st.sampled_from((0.0, 1 / 8, 1 / 32)), SEEDS)
    return st.builds(JitteredPoint, points(subject), jitters)


def draws(subject: Any) -> SearchStrategy[Draw]:
    """Seeds of samples, and points."""
    return st.builds(Draw, SEEDS, points(subject))
