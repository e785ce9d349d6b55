"""The rung `diagonal`: exact diagonal of H, per-pixel variances (docs/theory.md, eq. 17)."""

from jaxtyping import Float
from torch import Tensor

from curvature.expansion import Expansion
from curvature.ladder.rung import Evaluated, Rung, Setting
from curvature.ladder.samples import Block, dot

Diagonal = Float[Tensor, "*event"]


def prepare(setting: Setting) -> Diagonal:
    """Compute the diagonal of H at x0."""
    return setting.expansion.diagonal()


def evaluate(diagonal: Diagonal, block: Block) -> Evaluated:
    """``1/2 sum_i H_ii (x_i - mu_i)^2``."""
    return Evaluated(dot(diagonal, (block.d - block.m).square()) / 2)


def route(expansion: Expansion, *_: object) -> str:
    """Say whether the diagonal came from the matrix or from quadratic forms of unit vectors."""
    name = expansion.operator.route
    return name if name == "dense" else f"forms of unit vectors by {name}"


RUNG = Rung("diagonal", 20, "moments", evaluate, route, prepare, forms_of_units=True)
