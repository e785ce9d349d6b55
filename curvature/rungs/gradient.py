"""The gradient term of `taylor2` (docs/theory.md, eq. 19a): no prediction of the gap by itself; on request only."""

from curvature.ladder.rung import Evaluated, Rung
from curvature.ladder.samples import Block, dot


def evaluate(_: None, block: Block) -> Evaluated:
    """``g.d``."""
    return Evaluated(dot(block.expansion.gradient, block.d))


RUNG = Rung("gradient", 31, "moments", evaluate, lambda *_: "gradient", is_default=False, is_part=True)
