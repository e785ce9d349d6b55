"""log p as a sum of named parts, such as the prior term and the volume term of a flow (docs/theory.md, eq. 8a).

A model offers them by a method ``log_prob_parts(x) -> {name: [B]}`` in nats. H is linear in log p, so whatever is
linear in H (predictions, traces, rungs) adds up over the parts.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import OptionError
from curvature.hessian.point import DensityPoint


@runtime_checkable
class SplitsLogProb(Protocol):
    """A model that knows the parts of its log p."""

    def log_prob_parts(self, x: Float[Tensor, " B *event"]) -> Mapping[str, Float[Tensor, " B"]]:
        """Return the parts of log p(x) in nats, by name; they add up to `log_prob`. Empty if there is no split."""


def part_points(point: DensityPoint) -> dict[str, DensityPoint]:
    """Each part of log p, with its value and gradient at the point; empty where the model does not split log p.

    Raises
    ------
    OptionError
        If what the model returns is no mapping of names to one number a sample, or does not add up to log p.
    DtypeError, ShapeError, NonFiniteError
        If a part is not one finite number a sample, of the density's dtype.
    """
    model = point.density.module
    if not isinstance(model, SplitsLogProb):
        return {}
    points = {name: point.of_part(_density_of_part(point, model, name)) for name in _names(model, point.x0)}
    total = sum(part.value for part in points.values())
    allowed = torch.finfo(point.x0.dtype).eps ** 0.5 * (sum(abs(part.value) for part in points.values()) + point.dim)
    if points and not abs(total - point.value) <= allowed:
        raise OptionError(
            f"log_prob_parts: the parts {', '.join(points)} of {type(model).__name__} add up to {total:.8g} nats at "
            f"the expansion point, and log_prob is {point.value:.8g} there"
        )
    return points


def _density_of_part(point: DensityPoint, model: SplitsLogProb, name: str) -> Any:
    refusal = f"the part {name!r} of log p is no log density of its own"
    return replace(point.density, function=partial(_part, model, name), module=None, refusal=refusal, part=name)


def _part(model: SplitsLogProb, name: str, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    return model.log_prob_parts(x)[name]


@torch.no_grad()
def _names(model: SplitsLogProb, x0: Float[Tensor, "*event"]) -> tuple[str, ...]:
    parts = model.log_prob_parts(x0[None])
    if not isinstance(parts, Mapping) or not all(isinstance(name, str) and name for name in parts):
        raise OptionError(
            f"log_prob_parts: expected a mapping of names to tensors [B] from {type(model).__name__}, "
            f"got {type(parts).__name__}"
        )
    return tuple(parts)
