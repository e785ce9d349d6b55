"""What a claim is tested on: a model and a few numbers, each a frozen dataclass whose repr is Python code.

A kind of case that only one claim needs is in the file of that claim; those here are shared by several.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jaxtyping import Float
from torch import Tensor

from curvature import expand
from curvature.claims.engine.drawing.coordinates import Coordinates, Entries
from curvature.claims.engine.drawing.covariance_strategies import Covariance, covariances
from curvature.claims.engine.drawing.small_numbers import Matrix, Vector, eighths, vectors
from curvature.claims.engine.drawing.toy_flow import ToyFlow
from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.moments import Moments


class Model(Protocol):
    """Any density to test: a module or another object with these two attributes, such as `ToyFlow` or `Density`."""

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""

    @property
    def log_prob(self) -> Callable[..., Tensor]:
        """``[B, *event] -> [B]``, nats; a module's is copied to float64, a function computes in float64 by itself."""


Models = SearchStrategy[Any]
"""Strategy of `Model`."""

CasesOf = Callable[[Models], SearchStrategy[Any]]
"""Strategy of cases over a strategy of models."""

Numbers = Callable[[Sequence[int]], Sequence[SearchStrategy[Any]]]
"""Strategies of what a case holds beside its model, for coordinates of a shape."""


@dataclass(frozen=True)
class Density:
    """A log_prob, or a module that has it, and the shape of its events: the least that a test needs.

    Its repr is no Python code if that of log_prob is not; `strategies.densities` makes densities whose repr is.
    """

    log_prob: Callable[..., Tensor]
    event_shape: tuple[int, ...]


@dataclass(frozen=True)
class AtPoint:
    """A model and an expansion point x0, as numbers in the coordinates of the model."""

    model: Model
    x0: Vector

    @property
    def coordinates(self) -> Coordinates:
        """What the numbers mean."""
        return coordinates_of(self.model)

    def point(self) -> Float[Tensor, "*event"]:
        """x0 as an event."""
        return self.coordinates.point(self.x0)

    def displacement(self, numbers: Vector) -> Float[Tensor, "*event"]:
        """Numbers as a difference of events."""
        return self.coordinates.displacements((numbers,))[0]

    def events(self, rows: Matrix) -> Float[Tensor, " N *event"]:
        """Rows of numbers as events."""
        return torch.stack([self.coordinates.point(row) for row in rows])

    def moments(self, covariance: Covariance) -> Moments:
        """Moments with mean x0 and this covariance."""
        columns = self.coordinates.displacements(covariance.columns).flatten(1)
        return Moments(self.point(), columns.T.contiguous(), count=1)

    def visited(self) -> Float[Tensor, " N *event"]:
        """The events at which log p must be finite."""
        return self.point()[None]

    @property
    def toy_flow(self) -> ToyFlow:
        """The model of a claim that is about toy flows alone.

        Raises
        ------
        OptionError
            If it is another one.
        """
        if not isinstance(self.model, ToyFlow):
            raise OptionError(f"this claim is about toy flows; got {type(self.model).__name__}")
        return self.model

    @cached_property
    def expansion(self) -> Expansion:
        """Expansion of log p about x0."""
        return expand(self.model.log_prob, self.point())

    @cached_property
    def hessian(self) -> Float[Tensor, "K K"]:
        """H at x0 among the directions of the frame, by reverse mode over reverse mode: independent of the toolkit."""
        frame = self.coordinates.frame
        x = self.point().expand(len(frame), *self.model.event_shape).clone().requires_grad_()
        (g,) = torch.autograd.grad(self.model.log_prob(x).sum(), x, create_graph=True, materialize_grads=True)
        if not g.requires_grad:
            return frame.new_zeros(len(frame), len(frame))
        # Every row of the batch is the same point, with one direction of its own.
        (rows,) = torch.autograd.grad((g.flatten(1) * frame).sum(), x, materialize_grads=True)
        H = rows.flatten(1) @ frame.T
        return (H + H.T) / 2

    def in_frame(self, moments: Moments) -> Float[Tensor, "K R"]:
        """The factor of a covariance among the directions of the frame."""
        return self.coordinates.frame @ moments.factor


@dataclass(frozen=True)
class WithCovariance(AtPoint):
    """A model, a point, and one covariance."""

    covariance: Covariance


def cases_of(kind: type, numbers: Numbers) -> CasesOf:
    """Strategy of cases of a kind: a model, then numbers that fit its events."""

    @st.composite
    def case(draw: DrawFn, models: Models) -> Any:
        model = draw(models)
        return kind(model, *(draw(strategy) for strategy in numbers(coordinates_of(model).shape)))

    return case


def coordinates_of(model: Any) -> Coordinates:
    """What the numbers of cases mean for a model: the entries of its events, unless it says otherwise."""
    found: Coordinates = getattr(model, "coordinates", None) or Entries(tuple(model.event_shape))
    return found


@torch.no_grad()
def has_finite_density(case: AtPoint) -> bool:
    """Whether log p is finite wherever a case evaluates it; models may have a bounded support."""
    return bool(case.model.log_prob(case.visited()).isfinite().all())


def points(event_shape: Sequence[int]) -> SearchStrategy[Vector]:
    """Points and displacements, as D numbers up to 4 in size, so that latents reach the prior's tails."""
    return vectors(int(torch.Size(event_shape).numel()), eighths(4))


with_covariance = cases_of(WithCovariance, lambda shape: [points(shape), covariances(shape)])
