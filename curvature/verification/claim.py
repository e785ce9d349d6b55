"""What a claim is and what can come of it: both are data, no verdict is written anywhere but in `Outcome.verdict`."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hypothesis.strategies import SearchStrategy

from curvature.verification.cases import Models
from curvature.verification.flow_strategies import flows
from curvature.verification.proofs import Proof
from curvature.verification.toy_flow import ToyFlow

Cases = Callable[[Models], SearchStrategy[Any]]


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
        What round-off, or sampling, may take away.
    """

    left: float
    relation: str
    right: float
    tolerance: float

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
class Condition:
    """Under what a claim may hold that does not in general.

    Attributes
    ----------
    statement
        In words.
    meets
        Whether a case is within it; cases that are not are drawn again.
    cases
        How to draw cases within it, with the options of `flows`, where chance would rarely find one.
    """

    statement: str
    meets: Callable[[Any], bool] | None = None
    cases: Callable[..., SearchStrategy[Any]] | None = None


@dataclass(frozen=True)
class Claim:
    """One statement of the theory that random cases can refute.

    Attributes
    ----------
    name
        For the command line and the JSON.
    statement
        In a sentence.
    equations
        Numbers in docs/theory.md.
    cases
        Strategy of cases over a strategy of models.
    evaluate
        Both sides of the statement for one case.
    sides
        What the two sides are.
    method
        ``property`` or ``convergence``.
    essential
        Whether the toolkit is wrong if the statement is.
    condition
        Under what it may hold if it does not in general.
    proof
        Name of what sympy can say of it, in `curvature.verification.proofs.PROOFS`.
    models
        Strategy of the toy flows to draw from, with the options of `flows`, for a statement about some kind of them.
    any_density
        Whether a user's own density can be tested, with nothing but its log_prob.
    """

    name: str
    statement: str
    equations: str
    cases: Cases
    evaluate: Callable[[Any], Evaluation]
    sides: tuple[str, str]
    method: str = "property"
    essential: bool = False
    condition: Condition | None = None
    proof: str | None = None
    models: Callable[..., Models] = flows
    any_density: bool = False


class Verdict(StrEnum):
    """What came of a claim."""

    HOLDS = "holds"
    REFUTED = "refuted"
    CONDITIONAL = "holds under a condition"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Counterexample:
    """The smallest case that was found against a statement.

    Attributes
    ----------
    case
        As drawn; its repr is Python code.
    evaluation
        Both sides of the statement there.
    snippet
        A Python program that evaluates the statement at this case again.
    """

    case: Any
    evaluation: Evaluation
    snippet: str

    def numbers(self) -> Any:
        """The case as plain lists, numbers and words, for JSON."""
        return plain(self.case)


@dataclass(frozen=True)
class Outcome:
    """What came of one claim.

    Attributes
    ----------
    claim
        The claim.
    cases
        Number of cases tried in general, before the first violation if there was one.
    cases_under_condition
        The same under the claim's condition; None if it was not tried under one.
    counterexample
        Against the statement in general.
    counterexample_under_condition
        Against it even under its condition.
    proof
        What sympy says.
    trouble
        Why it could not be decided, empty if it could.
    """

    claim: Claim
    cases: int
    cases_under_condition: int | None
    counterexample: Counterexample | None
    counterexample_under_condition: Counterexample | None
    proof: Proof | None
    trouble: str = ""

    @property
    def verdict(self) -> Verdict:
        """Computed from what was found, nothing else."""
        if self.trouble:
            return Verdict.UNDECIDED
        if not is_refuted(self.counterexample, self.proof):
            return Verdict.HOLDS
        if self.cases_under_condition and self.counterexample_under_condition is None:
            return Verdict.CONDITIONAL
        return Verdict.REFUTED

    @property
    def tested_by(self) -> str:
        """How: random cases, or a limit of them, and sympy where it has a say."""
        return self.claim.method + (" + sympy" if self.proof is not None else "")

    @property
    def is_alarming(self) -> bool:
        """Whether the toolkit cannot be trusted: a claim undecided, or an essential one refuted."""
        return self.verdict is Verdict.UNDECIDED or (self.claim.essential and self.verdict is Verdict.REFUTED)


def is_refuted(counterexample: Counterexample | None, proof: Proof | None) -> bool:
    """Whether there is a counterexample in general, among the cases or from sympy."""
    return counterexample is not None or (proof is not None and proof.verdict in {"refuted", "holds under a condition"})


def plain(value: Any) -> Any:
    """Dataclasses, flows and tuples as dictionaries and lists; anything else as its repr."""
    if isinstance(value, ToyFlow):
        return plain(value.numbers)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
