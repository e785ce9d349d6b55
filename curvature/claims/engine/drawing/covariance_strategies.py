"""Hypothesis strategies of covariances and of ordered pairs of them, as factors in readable numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jaxtyping import Float
from torch import Tensor

from curvature.claims.engine.drawing.small_numbers import Matrix, Vector, vectors
from curvature.moments import Moments

STRUCTURES = ("zero", "one entry", "diagonal", "channel-correlated", "low rank", "full")


@dataclass(frozen=True)
class Covariance:
    """``Sigma = F F'`` by the columns of F, each D numbers; no columns are zero covariance."""

    columns: Matrix

    def moments(self, mean: Float[Tensor, "*event"]) -> Moments:
        """Moments of that mean and this covariance."""
        factor = torch.tensor(self.columns, dtype=torch.float64).reshape(len(self.columns), mean.numel()).T
        return Moments(mean, factor.contiguous(), count=1)


@dataclass(frozen=True)
class OrderedCovariances:
    """``Sigma_q <= Sigma_p`` in every direction: p has the columns of q and more."""

    q: Covariance
    more: Covariance

    @property
    def p(self) -> Covariance:
        """The larger one."""
        return Covariance(self.q.columns + self.more.columns)


@st.composite
def covariances(draw: DrawFn, event_shape: Sequence[int], structures: Sequence[str] = STRUCTURES) -> Covariance:
    """Draw a covariance of events ``(C, H, W)``, or of any shape whose first axis then counts as channels.

    Parameters
    ----------
    event_shape
        Shape of one event.
    structures
        To choose from: ``zero``; ``one entry`` alone; ``diagonal``; ``channel-correlated``, all channels of a pixel
        moving as one; ``low rank``, one or two columns; ``full``, a diagonal and one such column.
    """
    dim = int(torch.Size(event_shape).numel())
    channels = event_shape[0] if len(event_shape) > 1 else 1
    pixels = dim // channels
    structure = draw(st.sampled_from(tuple(structures)))
    if structure == "zero":
        return Covariance(())
    if structure == "one entry":
        entry, deviation = draw(st.integers(0, dim - 1)), draw(_deviations())
        return Covariance((tuple(deviation if i == entry else 0.0 for i in range(dim)),))
    if structure == "low rank":
        return Covariance(draw(st.lists(vectors(dim), min_size=1, max_size=2).map(tuple)))
    if structure == "channel-correlated":
        return Covariance(_columns(draw(vectors(pixels, _deviations())), channels))
    diagonal = _columns(draw(vectors(dim, _deviations())), 1)
    return Covariance(diagonal if structure == "diagonal" else (*diagonal, draw(vectors(dim))))


@st.composite
def ordered_covariances(
    draw: DrawFn, event_shape: Sequence[int], structures: Sequence[str] = STRUCTURES
) -> OrderedCovariances:
    """Draw a pair ``Sigma_q <= Sigma_p``."""
    more = [structure for structure in structures if structure != "zero"]
    return OrderedCovariances(draw(covariances(event_shape, structures)), draw(covariances(event_shape, more)))


@lru_cache
def _deviations() -> SearchStrategy[float]:
    """Standard deviations, some of them zero."""
    return st.sampled_from((1.0, 2.0, 0.0, 0.5, 1.5, 0.25))


def _columns(deviations: Vector, repeats: int) -> Matrix:
    """A column for every deviation that is not zero, on its entry and the same entry of the other channels."""
    n = len(deviations)
    return tuple(tuple(s if k % n == i else 0.0 for k in range(repeats * n)) for i, s in enumerate(deviations) if s)
