"""The rung `path`: nested quadrature of the curvature on the way, until it accounts for log p (eq. 20b).

The integral is Taylor's remainder, which is log p itself where log p is twice differentiable: the rung explains, and is
held against what is measured on the same samples. It stops at the first rule whose mean unexplained rest is within the
tolerance and resolved as that small; where no rule gets there (kinks of log p, gradients that are not log p's) it stops
once three rules in a row agree, the last one a fine one, and otherwise at `MOST_NODES`, not converged.
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
    """``log p(x0) + g.d + sum_k w_k d'H(x0 + t_k d) d`` with as many nodes as it takes."""
    return refined(tolerance, block, lambda intervals: block.tangent + _remainder(block, intervals))


def _remainder(block: Block, intervals: int) -> Float[Tensor, " B"]:
    """Quadrature of the remainder."""
    t, w = clenshaw_curtis(intervals)
    return torch.stack([weight * block.curvature_at(node) for node, weight in zip(t, w, strict=True)]).sum(0)


def route(expansion: Expansion, _: Tolerance, nodes: int | None) -> str:
    """Say how curvature along the path was computed."""
    return f"{expansion.operator.along_route}, up to {nodes} Clenshaw-Curtis nodes"


RUNG = Rung("path", 70, "samples", evaluate, route, Tolerance.of, forms_of_samples=True)
