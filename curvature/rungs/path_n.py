"""The rungs `path-n`: curvature along the path to each sample, by n-point Gauss-Jacobi quadrature (eq. 20)."""

from functools import partial

from curvature.expansion import Expansion
from curvature.ladder.rung import Evaluated, Rung, RungFamily
from curvature.ladder.samples import Block
from curvature.quadrature import gauss_jacobi


def evaluate(n: int, _: None, block: Block) -> Evaluated:
    """``log p(x0) + g.d + sum_k w_k d'H(x0 + t_k d) d``."""
    remainder = sum(w * block.curvature_at(t) for t, w in zip(*gauss_jacobi(n), strict=True))
    return Evaluated(block.tangent + remainder, nodes=n)


def route(expansion: Expansion, _: None, nodes: int | None) -> str:
    """Say how curvature along the path was computed."""
    return f"{expansion.operator.along_route}, {nodes} Gauss-Jacobi nodes"


def make(n: int) -> Rung:
    """Build the rung of n nodes."""
    return Rung(f"path-{n}", RUNG.order, "samples", partial(evaluate, n), route)


RUNG = RungFamily(r"path-([1-9]\d*)", make, order=60)
