"""Samples as rungs evaluate them: blocks relative to the expansion point, or a whole set (theory.md, eqs. 17-20)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.hessian.operator import quadratic_forms

Settings = TypeVar("Settings")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Block:
    """Some samples x of one set, relative to the expansion point x0 and to the mean mu of the whole set.

    Attributes
    ----------
    expansion
        Expansion of log p about x0.
    d
        ``x - x0``.
    m
        ``mu - x0``.
    Hm
        ``H m``.
    """

    expansion: Expansion
    d: Float[Tensor, " B *event"]
    m: Float[Tensor, "*event"]
    Hm: Float[Tensor, "*event"]

    @cached_property
    def log_p(self) -> Float[Tensor, " B"]:
        """Log p of every sample in nats, from which the measured gap is taken."""
        return self.each(lambda d: self.expansion.operator.log_prob(self.expansion.at + d))

    @cached_property
    def tangent(self) -> Float[Tensor, " B"]:
        """First-order part ``log p(x0) + g.d`` in nats."""
        return self.expansion.value + dot(self.expansion.gradient, self.d)

    @cached_property
    def second_order(self) -> Float[Tensor, " B"]:
        """``log p(x0) + g.d + 1/2 d'H d`` of every sample in nats (eq. 19)."""
        return self.tangent + self.form / 2

    @cached_property
    def form(self) -> Float[Tensor, " B"]:
        """``d'H d`` of every sample in nats, with H at x0."""
        return quadratic_forms(self.expansion.operator, self.d)

    def curvature_at(self, t: float) -> Float[Tensor, " B"]:
        """``d'H(x0 + t d) d`` of every sample in nats: curvature at the fraction t of the path from x0 to it."""
        if t not in self._curvature:
            own = self.form if t == 0 else self._along(self.expansion.operator.along, t)
            self._curvature[t] = own
        return self._curvature[t]

    def slope_at(self, t: float) -> Float[Tensor, " B"]:
        """``grad log p(x0 + t d).d`` of every sample in nats: slope at the fraction t of the path from x0 to it."""
        if t not in self._slopes:
            self._slopes[t] = self._along(self.expansion.operator.slope, t)
        return self._slopes[t]

    def _along(self, function: Callable[[Tensor, Tensor], Tensor], t: float) -> Float[Tensor, " B"]:
        return self.each(lambda d: function(self.expansion.at + t * d, d))

    @cached_property
    def _curvature(self) -> dict[float, Tensor]:
        return {}

    @cached_property
    def _slopes(self) -> dict[float, Tensor]:
        return {}

    def each(self, function: Callable[[Tensor], Tensor]) -> Float[Tensor, " B"]:
        """Apply a function of rows of d to all rows, in parts that fit the memory budget."""
        return torch.cat([function(d) for d in self.d.split(self.expansion.operator.samples_at_once)])


@dataclass(frozen=True, eq=False)
class SampleSet:
    """All samples of one set, for rungs whose value of a set is not a mean over its samples.

    Attributes
    ----------
    expansion
        Expansion of log p about x0.
    x
        The samples, on any device and of any float dtype.
    second_order
        Second-order expansion of log p at every sample in nats (eq. 19).
    """

    expansion: Expansion
    x: Float[Tensor, " N *event"]
    second_order: Float[Tensor, " N"]
    _shared: dict[Any, Any] = field(default_factory=dict)

    def shared(self, make: Callable[[Settings, "SampleSet"], Result], settings: Settings) -> Result:
        """Result of a function of hashable settings and of this set, which several rungs need and one computes."""
        if (make, settings) not in self._shared:
            self._shared[make, settings] = make(settings, self)
        return cast(Result, self._shared[make, settings])


def dot(a: Float[Tensor, "*#batch_event"], b: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    """Inner product of events, a sample at a time."""
    return (a * b).reshape(len(b), -1).sum(1)
