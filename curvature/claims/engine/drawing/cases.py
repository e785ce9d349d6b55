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
from curvature.claims.engine.drawing.covariance_strategies import Covariance, covariances
from curvature.claims.engine.drawing.small_numbers import Matrix, Vector, eighths, vectors
from curvature.claims.engine.drawing.toy_flow import ToyFlow
from curvature.errors import OptionError
from curvature.expansion import Expansion


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
"""Strategies of what a case holds beside its model, for events of a shape."""


@dataclass(frozen=True)
class Density:
    """A log_prob, or a module that has it, and the shape of its events: the least that a test needs.

    Its repr is no Python code if that of log_prob is not; `strategies.densities` makes densities whose repr is.
    """

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
    def hessian(self) -> Float[Tensor, "D D"]:
        """H at x0 by reverse mode over reverse mode of log_prob: independent of the toolkit, and fast for small D."""
        H = torch.autograd.functional.hessian(lambda x: self.model.log_prob(x[None])[0], self.point())
        return H.reshape(len(self.x0), len(self.x0))


@dataclass(frozen=True)
class WithCovariance(AtPoint):
    """A model, a point, and one covariance."""

    covariance: Covariance


def cases_of(kind: type, numbers: Numbers) -> CasesOf:
    """Strategy of cases of a kind: a model, then numbers that fit its events."""

    @st.composite
    def case(draw: DrawFn, models: Models) -> Any:
        model = draw(models)
        return kind(model, *(draw(strategy) for strategy in numbers(model.event_shape)))

    return case


def points(event_shape: Sequence[int]) -> SearchStrategy[Vector]:
    """Points and displacements, as D numbers up to 4 in size, so that latents reach the prior's tails."""
    return vectors(int(torch.Size(event_shape).numel()), eighths(4))


with_covariance = cases_of(WithCovariance, lambda shape: [points(shape), covariances(shape)])
