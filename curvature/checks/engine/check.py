"""What a check of a flow is: a statement with its source, cases to try it on, and both of its sides in numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation

EXAMPLES = 12
# Of the cases of a check, how many to try when in haste: one of so many, rounded up.
FAST_SHARE = 3


@dataclass(frozen=True, kw_only=True)
class Check:
    """One property that a flow must have for the toolkit's numbers to mean what they say.

    Attributes
    ----------
    name
        The name of the check's file, with hyphens.
    order
        Its place in the results; lower numbers come first.
    statement
        In a sentence.
    source
        The paper, or the equation of docs/theory.md, that it rests on.
    cases
        Strategy of the cases to try on a model; their repr is Python code.
    evaluate
        Both sides of the statement for one model and case. Raises `NotApplicableError` where the model lacks what it
        needs; any other error counts as a failure.
    sides
        What the two sides are.
    examples
        Number of cases to try; see `tries`.
    remark
        What else to say of a case that violates the statement; empty for nothing.
    """

    name: str
    order: int
    statement: str
    source: str
    cases: Callable[[Subject], SearchStrategy[Any]]
    evaluate: Callable[[Subject, Any], Evaluation]
    sides: tuple[str, str]
    examples: int = EXAMPLES
    remark: Callable[[Subject, Any], str] = lambda subject, case: ""

    def tries(self, fast: bool) -> int:
        """Number of cases to try, a third of them if fast."""
        return math.ceil(self.examples / FAST_SHARE) if fast else self.examples
