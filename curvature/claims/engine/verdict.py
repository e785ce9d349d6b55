"""Results for a statement: both of its sides in numbers, a counterexample, and a verdict."""

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from curvature.claims.engine.drawing.toy_flow import ToyFlow

# Relative error that rounding in float64 may cause in sums of some hundred terms.
ROUND_OFF = 1e-9


class Verdict(StrEnum):
    """Verdict on a claim, whether random cases or sympy decided it."""

    HOLDS = "holds"
    REFUTED = "refuted"
    CONDITIONAL = "holds under a condition"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Evaluation:
    """Both sides of a statement in numbers.

    Attributes
    ----------
    left, right
        The two sides.
    relation
        ``==``, ``<=`` or ``>=``: the relation that the statement asserts.
    tolerance
        Largest violation that round-off, or sampling, may cause.
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


@dataclass(frozen=True)
class Counterexample:
    """A case for which a statement is false: the smallest one that was drawn, or an exact one from sympy.

    Attributes
    ----------
    case
        As drawn, with a repr that is Python code; for an exact counterexample a description of it.
    evaluation
        Both sides of the statement there.
    sides
        What the two sides are.
    snippet
        A Python program that evaluates the statement at a drawn case again; empty for an exact one.
    """

    case: Any
    evaluation: Evaluation
    sides: tuple[str, str]
    snippet: str = ""

    @classmethod
    def exact(cls, case: str, sides: tuple[str, str], left: Any, relation: str, right: Any = 0) -> "Counterexample":
        """Make one from a description and sympy's numbers."""
        return cls(case, Evaluation(float(left), relation, float(right)), sides)

    def numbers(self) -> Any:
        """The case as plain lists, numbers and words, for JSON."""
        return plain(self.case)

    def __str__(self) -> str:
        left, right = self.sides
        return f"{self.case}: {left} against {right}: {self.evaluation}"


def plain(value: Any) -> Any:
    """Dataclasses, flows and tuples as dictionaries and lists; anything else by its repr."""
    if isinstance(value, ToyFlow):
        return plain(value.numbers)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
