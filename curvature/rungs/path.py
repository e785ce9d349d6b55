"""The rung `path`: nested quadrature of the curvature along the path, refined until it explains log p (eq. 20b).

Where log p is twice differentiable, Taylor's formula with this integral equals log p itself. So the rung explains a gap
rather than predicting it, and each rule is compared with log p on the same samples. The rung stops at the first rule
that leaves a mean rest within the tolerance, with a standard error within it too. Where no rule gets there, because
log p has kinks or its gradients are not those of log p, the rung stops once three rules in a row agree and the last one
is fine enough; otherwise it stops at `MOST_NODES` and reports that it has not converged.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.ladder.refinement import Tolerance, refined
from curvature.ladder.rung import Evaluated, Rung
from curvature.ladder.samples import Block
from curvature.quadrature import clenshaw_curtis


def evaluate(tolerance: Tolerance, block: Block) -> Evaluated:
    """``log p(x0) + g.d + sum_k w_k d'H(x0 + t_k d) d`` with as many nodes as are needed."""
    return refined(tolerance, block, lambda intervals: block.tangent + _remainder(block, intervals))


def _remainder(block: Block, intervals: int) -> Float[Tensor, " B"]:
    """Quadrature of the remainder."""
    t, w = clenshaw_curtis(intervals)
    return torch.stack([weight * block.curvature_at(node) for node, weight in zip(t, w, strict=True)]).sum(0)


def route(expansion: Expansion, _: Tolerance, nodes: int | None) -> str:
    """Say how curvature along the path was computed."""
    return f"{expansion.operator.along_route}, up to {nodes} Clenshaw-Curtis nodes"


RUNG = Rung("path", 70, "samples", evaluate, route, Tolerance.of, forms_of_samples=True)
