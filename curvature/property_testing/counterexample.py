"""A case for which a statement is false, with both sides in numbers and a program that evaluates it again."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from curvature.property_testing.evaluation import Evaluation


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
    """Dataclasses and tuples as dictionaries and lists; anything else that JSON has no word for as its repr.

    What is made of numbers, as a toy flow is, stands for them: the dataclass that it holds as `numbers`.
    """
    value = getattr(value, "numbers", value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
