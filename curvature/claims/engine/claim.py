"""What a claim of the theory is: a statement, how random cases and sympy test it, and the verdict expected."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

from curvature.claims.engine.drawing.cases import CasesOf, Models
from curvature.claims.engine.drawing.flow_strategies import flows
from curvature.claims.engine.evidence import Evidence
from curvature.claims.engine.verdict import Verdict
from curvature.errors import OptionError
from curvature.property_testing.evaluation import Evaluation


@dataclass(frozen=True)
class Condition:
    """A condition under which a claim may hold that does not hold in general.

    Attributes
    ----------
    statement
        The condition in words.
    meets
        Whether a case meets it; cases that do not are drawn again.
    cases
        How to draw cases that meet it, with the options of `flows`, if random cases rarely do.
    """

    statement: str
    meets: Callable[[Any], bool] | None = None
    cases: Callable[..., SearchStrategy[Any]] | None = None


@dataclass(frozen=True)
class RandomTest:
    """How random cases test a claim.

    Attributes
    ----------
    cases
        Strategy of cases over a strategy of models.
    evaluate
        Both sides of the statement for one case.
    sides
        What the two sides are.
    models
        Strategy of the toy flows to draw from, with the options of `flows`, for a statement about some kind of them.
    method
        ``property``, or ``convergence`` where the sides are a limit.
    needs
        What a model must offer beside log_prob; empty for a statement that can be put to a user's own density.
    """

    cases: CasesOf
    evaluate: Callable[[Any], Evaluation]
    sides: tuple[str, str]
    models: Callable[..., Models] = flows
    method: str = "property"
    needs: str = "the layers of a toy flow"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement of the theory that random cases, sympy or both decide.

    Attributes
    ----------
    name
        For the command line and the JSON: the name of the claim's file, with hyphens.
    order
        Its place in the tables; lower numbers come first.
    statement
        The claim in a sentence.
    equations
        Numbers in docs/theory.md.
    expected
        The verdict that follows from the theory and from earlier runs.
    essential
        Whether the toolkit is wrong if the verdict is another one.
    condition
        Condition under which it may hold if it does not in general.
    test
        How random cases test it; None for a statement that sympy alone decides.
    evidence
        Computes sympy's facts about it; None if there are none.
    """

    name: str
    order: int
    statement: str
    equations: tuple[int, ...]
    expected: Verdict
    essential: bool = False
    condition: Condition | None = None
    test: RandomTest | None = None
    evidence: Callable[[], Evidence] | None = None

    @property
    def inapplicable(self) -> str:
        """Why it cannot be put to a user's own density; empty if it can."""
        if self.test is None:
            return "a statement about flows in general that sympy decides alone"
        return self.test.needs and f"needs {self.test.needs}"

    def evaluate(self, case: Any) -> Evaluation:
        """Both sides of the statement for one case.

        Raises
        ------
        OptionError
            If sympy alone decides the claim.
        """
        if self.test is None:
            raise OptionError(f"claim {self.name!r}: sympy alone decides it; there is no case to evaluate")
        return self.test.evaluate(case)
