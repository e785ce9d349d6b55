"""A statement in numbers: both of its sides, and whether they are related as it says."""

import math
from dataclasses import dataclass

# Relative size of what rounding in float64 may do to sums of some hundred terms.
ROUND_OFF = 1e-9


@dataclass(frozen=True)
class Evaluation:
    """Both sides of a statement in numbers.

    Attributes
    ----------
    left, right
        The two sides.
    relation
        ``==``, ``<=`` or ``>=``: what the statement says of them.
    tolerance
        By how much round-off, or sampling, may break the relation.
    """

    left: float
    relation: str
    right: float
    tolerance: float = 0.0

    @property
    def violation(self) -> float:
        """By how much the statement fails; zero or less if it holds; infinite where a side is not a number."""
        excess = self.left - self.right
        size = {"==": abs(excess), "<=": excess, ">=": -excess}[self.relation]
        return math.inf if math.isnan(size) else size

    @property
    def holds(self) -> bool:
        """Whether the statement is true of these numbers."""
        return self.violation <= self.tolerance

    def __str__(self) -> str:
        verb = self.relation if self.holds else {"==": "!=", "<=": ">", ">=": "<"}[self.relation]
        return f"{self.left:.10g} {verb} {self.right:.10g}"
