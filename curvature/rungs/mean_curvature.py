"""Curvature averaged over points, ``E[H(x)]``: what the rung `mean-curvature` puts in place of H at x0 (eq. 20a)."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion, expand
from curvature.preconditions import require_shape

DENSE_UP_TO = 1024
"""Dimensions up to which the averaged Hessian is kept as a matrix; beyond, every product visits every point."""


@dataclass(frozen=True, eq=False, repr=False)
class MeanCurvature:
    """The average of the Hessians of log p at some points; made by `mean_curvature`.

    Attributes
    ----------
    expansions
        The expansion at each point.
    """

    expansions: tuple[Expansion, ...]
    _known: dict[str, Tensor] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of points."""
        return len(self.expansions)

    @property
    def dim(self) -> int:
        """Number D of dimensions."""
        return self.expansions[0].dim

    def hessian(self) -> Float[Tensor, "D D"]:
        """Return the averaged Hessian, dense; kept."""
        if "hessian" not in self._known:
            H = self.expansions[0].at.new_zeros(self.dim, self.dim)
            for expansion in self.expansions:
                # A fresh expansion, so that the single Hessians are not kept beside their average.
                H += _expand_again(expansion, expansion.at).hessian()
            self._known["hessian"] = H / self.count
        return self._known["hessian"]

    def quadratic(self, d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return ``d' E[H] d`` for every row, in nats."""
        if self.dim <= DENSE_UP_TO:
            rows = d.reshape(len(d), -1)
            return torch.einsum("bi,ij,bj->b", rows, self.hessian(), rows)
        return torch.stack([expansion.quadratic(d) for expansion in self.expansions]).mean(0)

    def __repr__(self) -> str:
        return f"MeanCurvature({self.count} points, D = {self.dim})"


def mean_curvature(expansion: Expansion, points: Float[Tensor, " M *event"]) -> MeanCurvature:
    """Average the Hessian of an expansion's log p over points, such as samples of the training data.

    Parameters
    ----------
    expansion
        Gives log p, its precision and its memory budget.
    points
        At least one event.

    Raises
    ------
    ShapeError
        If the points are not events of the expansion's shape.
    NonFiniteError
        If log p or its gradient is not finite at a point.
    """
    require_shape(points.shape[1:], expansion.event_shape, "points of the mean curvature: event shape")
    return MeanCurvature(tuple(_expand_again(expansion, x) for x in points))


def _expand_again(expansion: Expansion, at: Float[Tensor, " *event"]) -> Expansion:
    """Expand the same log p about another point."""
    log_prob = expansion.log_prob
    return expand(log_prob, at=at, memory_budget=expansion.memory_budget, dtype=log_prob.dtype)
