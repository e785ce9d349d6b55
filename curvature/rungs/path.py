"""The rung `path`: nested quadrature of the curvature along the path, refined until it explains log p (eq. 20b).

Where log p is twice differentiable, Taylor's formula with this integral equals log p itself. So the rung explains a gap
rather than predicting it, and each rule is compared with log p on the same samples. The rung stops at the first rule
that leaves a mean rest within the tolerance, with a standard error within it too. Where no rule gets there, because
log p has kinks or its gradients are not those of log p, the rung stops once three rules in a row agree and the last one
is fine enough; otherwise it stops at `MOST_NODES` and reports that it has not converged.
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
"""Intervals of the nested rules: each rule has the nodes of the one before it, and one more between any two."""
FINE = 16
"""Fewest intervals of a rule that may stop by agreement alone: coarser rules can agree by chance."""


@dataclass(frozen=True)
class Tolerance:
    """Largest mean rest of a block, log p minus the value of the rule, that counts as explained.

    Attributes
    ----------
    reference
        Mean log p over p in nats; the relative tolerance is a share of the gap to it.
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
    """Compute the mean of log p over p."""
    operator, x0 = setting.expansion.operator, setting.expansion.at
    sums = [float(operator.log_prob(x.to(x0)).sum()) for x in setting.p.split(operator.samples_at_once)]
    return Tolerance(math.fsum(sums) / len(setting.p), setting.expansion.dim)


def evaluate(tolerance: Tolerance, block: Block) -> Evaluated:
    """``log p(x0) + g.d + sum_k w_k d'H(x0 + t_k d) d`` with as many nodes as are needed."""
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
    """Quadrature of the remainder; curvature at nodes that `curvature` does not hold yet is added to it."""
    t, w = clenshaw_curtis(intervals)
    for node in t:
        if node not in curvature:
            curvature[node] = block.curvature_at(node)
    return torch.stack([weight * curvature[node] for node, weight in zip(t, w, strict=True)]).sum(0)


def _is_explained(rest: Float[Tensor, " B"], allowed: float) -> bool:
    """Whether the mean rest and its standard error, which a single sample lacks, are at most `allowed` nats."""
    error = float(rest.std()) / math.sqrt(len(rest)) if len(rest) > 1 else 0.0
    return abs(float(rest.mean())) <= allowed and error <= allowed


def route(expansion: Expansion, _: Tolerance, nodes: int | None) -> str:
    """Say how curvature along the path was computed."""
    return f"{expansion.operator.along_route}, up to {nodes} Clenshaw-Curtis nodes"


RUNG = Rung("path", 70, "samples", evaluate, route, prepare, forms_of_samples=True)
