"""Nested quadrature along the way to each sample, refined until it accounts for log p or settles (eq. 20b)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from curvature.ladder.rung import Evaluated, Setting
from curvature.ladder.samples import Block

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

    @classmethod
    def of(cls, setting: Setting) -> "Tolerance":
        """Compute the reference, the mean of log p over p."""
        operator, x0 = setting.expansion.operator, setting.expansion.at
        sums = [float(operator.log_prob(x.to(x0)).sum()) for x in setting.p.split(operator.samples_at_once)]
        return cls(math.fsum(sums) / len(setting.p), setting.expansion.dim)

    def nats(self, mean_log_p: float) -> float:
        """1 % of the gap, or 0.005 bits/dim shared between q and p, whose errors are independent."""
        absolute = ABSOLUTE_TOLERANCE * self.dim * math.log(2) / math.sqrt(2)
        return max(absolute, RELATIVE_TOLERANCE * abs(mean_log_p - self.reference))


def refined(tolerance: Tolerance, block: Block, rule: Callable[[int], Float[Tensor, " B"]]) -> Evaluated:
    """Refine a rule until it explains log p, or until three rules in a row agree and the last is a fine one.

    Parameters
    ----------
    tolerance
        How much may be left unexplained.
    block
        The samples.
    rule
        Values of the rule of so many intervals, in nats.
    """
    allowed = tolerance.nats(float(block.log_p.mean()))
    values, agreements = None, 0
    for intervals in INTERVALS:
        before, values = values, rule(intervals)
        if _is_explained(block.log_p - values, allowed):
            return Evaluated(values, intervals + 1)
        agrees = before is not None and abs(float((values - before).mean())) <= allowed
        agreements = agreements + 1 if agrees else 0
        if agreements >= 2 and intervals >= FINE:
            return Evaluated(values, intervals + 1)
    assert values is not None
    return Evaluated(values, MOST_NODES, converged=agreements > 0)


def _is_explained(rest: Float[Tensor, " B"], allowed: float) -> bool:
    """Whether the mean rest and its standard error, which a single sample lacks, are at most `allowed` nats."""
    error = float(rest.std()) / math.sqrt(len(rest)) if len(rest) > 1 else 0.0
    return abs(float(rest.mean())) <= allowed and error <= allowed
