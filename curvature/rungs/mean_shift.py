"""The mean-shift term of `taylor2` (docs/theory.md, eq. 19a): no prediction of the gap by itself; on request only."""

from curvature.ladder.rung import Evaluated, Rung, by_operator
from curvature.ladder.samples import Block, dot


def evaluate(_: None, block: Block) -> Evaluated:
    """``d'H m - 1/2 m'H m``; over the set it averages to ``1/2 m'H m``."""
    return Evaluated(dot(block.Hm, block.d) - dot(block.Hm, block.m[None]) / 2)


RUNG = Rung("mean-shift", 32, "moments", evaluate, by_operator, is_default=False, is_part=True)
