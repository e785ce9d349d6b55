"""The rung `path-gradient`: the gradient integrated on the way to each sample (docs/theory.md, eq. 20c).

It is log p itself wherever log p is continuous and its gradient its own, kinks included: what `path` lacks, and this
has, is their share. It says nothing about curvature, so it is evaluated where `path` leaves something unexplained.
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
    """``log p(x0) + sum_k w_k grad log p(x0 + t_k d).d`` with as many nodes as it takes."""
    return refined(tolerance, block, lambda intervals: block.expansion.value + _integral(block, intervals))


def _integral(block: Block, intervals: int) -> Float[Tensor, " B"]:
    """Quadrature of the slope on the way."""
    t, w = clenshaw_curtis(intervals, weighted=False)
    return torch.stack([weight * block.slope_at(node) for node, weight in zip(t, w, strict=True)]).sum(0)


def route(expansion: Expansion, _: Tolerance, nodes: int | None) -> str:
    """Say how many slopes were taken."""
    return f"gradients on the way, up to {nodes} Clenshaw-Curtis nodes"


RUNG = Rung("path-gradient", 80, "samples", evaluate, route, Tolerance.of, is_default=False)
