"""The rung `path`: nested quadrature of the curvature on the way, until it accounts for log p (eq. 20b).

The integral is Taylor's remainder, which is log p itself where log p is twice differentiable: the rung explains, and is
held against what is measured on the same samples. It stops at the first rule whose mean unexplained rest is within the
tolerance and resolved as that small; where no rule gets there (kinks of log p, gradients that are not log p's) it stops
once three rules in a row agree, the last one a fine one, and otherwise at `MOST_NODES`, not converged.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.ladder.rung import Evaluated, Rung, Setting
from curvature.ladder.samples import Block
from curvature.quadrature import clenshaw_curtis

RELATIVE_TOLERANCE = 0.01
ABSOLUTE_TOLERANCE = 0.005
"""In bits per dimension."""
MOST_NODES = 65
INTERVALS = (2, 4, 8, 16, 32, 64)
"""Of the nested rules: each has the nodes of the one before it, and as many between them."""
FINE = 16
"""Intervals of the coarsest rule that is believed where it does not account for log p: coarse rules agree by chance."""


@dataclass(frozen=True)
class Tolerance:
    """How near to log p the mean over a block has to come.

    Attributes
    ----------
    reference
        Mean log p over p in nats: the relative tolerance is a share of the gap to it.
    dim
        Number D of dimensions.
    """

    reference: float
    dim: int

    def nats(self, mean_log_p: float) -> float:
        """1 % of the gap, or 0.005 bits/dim shared between q and p, whose errors are independent."""
        absolute = ABSOLUTE_TOLERANCE * self.dim * math.log(2) / math.sqrt(2)
        return max(absolute, RELATIVE_TOLERANCE * abs(mean_log_p - self.reference))


def prepare(setting: Setting) -> Tolerance:
    """Mean log p over p."""
    operator, x0 = setting.expansion.operator, setting.expansion.at
    sums = [float(operator.log_prob(x.to(x0)).sum()) for x in setting.p.split(operator.samples_at_once)]
    return Tolerance(math.fsum(sums) / len(setting.p), setting.expansion.dim)


def evaluate(tolerance: Tolerance, block: Block) -> Evaluated:
    """``log p(x0) + g.d + sum_k w_k d'H(x0 + t_k d) d`` with as many nodes as it takes."""
    allowed = tolerance.nats(float(block.log_p.mean()))
    curvature = {0.0: block.form}
    values, agreements = block.tangent, 0
    for intervals in INTERVALS:
        before, values = values, block.tangent + _remainder(block, curvature, intervals)
        if _is_explained(block.log_p - values, allowed):
            return Evaluated(values, intervals + 1)
        agreements = agreements + 1 if abs(float((values - before).mean())) <= allowed else 0
        if agreements >= 2 and intervals >= FINE:
            return Evaluated(values, intervals + 1)
    return Evaluated(values, MOST_NODES, converged=agreements > 0)


def _remainder(block: Block, curvature: dict[float, Tensor], intervals: int) -> Float[Tensor, " B"]:
    """Quadrature of the remainder; curvature at nodes of coarser rules is kept in `curvature`."""
    t, w = clenshaw_curtis(intervals)
    for node in t:
        if node not in curvature:
            curvature[node] = block.curvature_at(node)
    return torch.stack([weight * curvature[node] for node, weight in zip(t, w, strict=True)]).sum(0)


def _is_explained(rest: Float[Tensor, " B"], allowed: float) -> bool:
    """Whether the mean rest, and its standard error where there is one, lie within what is allowed."""
    error = float(rest.std()) / math.sqrt(len(rest)) if len(rest) > 1 else 0.0
    return abs(float(rest.mean())) <= allowed and error <= allowed


def route(expansion: Expansion, _: Tolerance, nodes: int | None) -> str:
    """Say how curvature along the path was computed."""
    return f"{expansion.operator.along_route}, up to {nodes} Clenshaw-Curtis nodes"


RUNG = Rung("path", 70, "samples", evaluate, route, prepare, forms_of_samples=True)
