"""The rung `full`: the covariance term alone, exact H and full covariance (docs/theory.md, eq. 18)."""

from curvature.ladder.rung import Evaluated, Rung, by_operator
from curvature.ladder.samples import Block, dot


def evaluate(_: None, block: Block) -> Evaluated:
    """``1/2 (x - mu)'H(x - mu) = 1/2 (d'H d - 2 d'H m + m'H m)``."""
    m_form = dot(block.Hm, block.m[None])
    return Evaluated((block.form - 2 * dot(block.Hm, block.d) + m_form) / 2)


RUNG = Rung("full", 30, "moments", evaluate, by_operator, forms_of_samples=True)
