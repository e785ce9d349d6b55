"""The rung `taylor2`: every second-order term, gradient and mean shift included (docs/theory.md, eq. 19)."""

from curvature.ladder.rung import Evaluated, Rung, by_operator
from curvature.ladder.samples import Block


def evaluate(_: None, block: Block) -> Evaluated:
    """``log p(x0) + g.d + 1/2 d'H d``."""
    return Evaluated(block.second_order)


RUNG = Rung("taylor2", 40, "moments", evaluate, by_operator, forms_of_samples=True)
