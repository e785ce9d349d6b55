"""The rung `mean-curvature`: `taylor2` with the Hessian averaged over samples of p (docs/theory.md, eq. 20a)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.hessian.dense import pays_to_write_out
from curvature.ladder.rung import Evaluated, Rung, RungUnavailableError, Setting
from curvature.ladder.samples import Block
from curvature.preconditions import require_shape


@dataclass(frozen=True, eq=False)
class AveragedMatrix:
    """``E[H]`` as a matrix."""

    matrix: Float[Tensor, "D D"]
    route: str = "dense, averaged"

    def forms(self, d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d' E[H] d`` for every row, in nats."""
        rows = d.reshape(len(d), -1)
        return torch.einsum("bi,ij,bj->b", rows, self.matrix, rows)


@dataclass(frozen=True, eq=False)
class AveragedForms:
    """``E[H]`` as one expansion at each point."""

    expansions: tuple[Expansion, ...]
    route: str = "quadratic forms, averaged"

    def forms(self, d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d' E[H] d`` for every row, in nats."""
        return torch.stack([expansion.quadratic(d) for expansion in self.expansions]).mean(0)


def averaged_curvature(
    expansion: Expansion, points: Float[Tensor, " M *event"], n_samples: int
) -> AveragedMatrix | AveragedForms:
    """Average the Hessian of an expansion's log p over points, such as samples of the training data.

    Parameters
    ----------
    expansion
        Gives log p, its precision and its memory budget.
    points
        At least one event.
    n_samples
        How many quadratic forms will be taken; the average is a matrix if that is cheaper and fits the memory budget.

    Raises
    ------
    ShapeError
        If the points are not events of the expansion's shape.
    NonFiniteError
        If log p or its gradient is not finite at a point.
    """
    require_shape(points.shape[1:], expansion.event_shape, "points of the mean curvature: event shape")
    if not pays_to_write_out(expansion.operator, n_samples):
        return AveragedForms(tuple(expansion.about(x) for x in points))
    H = expansion.at.new_zeros(expansion.dim, expansion.dim)
    for x in points:
        H += expansion.about(x).hessian()
    return AveragedMatrix(H / len(points))


def prepare(setting: Setting) -> AveragedMatrix | AveragedForms:
    """Average over the first samples of p."""
    points = setting.p[: setting.options.mean_curvature_points]
    if not len(points):
        raise RungUnavailableError("mean-curvature: there are no points to average the curvature over")
    return averaged_curvature(setting.expansion, points.to(setting.expansion.at), setting.n_samples)


def evaluate(averaged: AveragedMatrix | AveragedForms, block: Block) -> Evaluated:
    """``log p(x0) + g.d + 1/2 d' E[H] d``."""
    return Evaluated(block.tangent + averaged.forms(block.d) / 2)


RUNG = Rung("mean-curvature", 50, "moments", evaluate, lambda _, averaged, __: averaged.route, prepare)
