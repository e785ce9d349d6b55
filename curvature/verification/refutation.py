"""The search for counterexamples: Hypothesis draws cases and shrinks the first violation to the smallest one."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import Phase, assume, find, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from curvature.errors import ToolkitError
from curvature.verification.cases import Models
from curvature.verification.claim import Claim, Counterexample, Evaluation, Outcome, is_refuted
from curvature.verification.flow_strategies import SMALLEST
from curvature.verification.proofs import Proof, prove

DEFAULT_EXAMPLES = 8
# A conditional run that hardly ever meets its condition decides nothing.
SMALLEST_SHARE_WITHIN_CONDITION = 0.2

# Cases among the smallest flows, for one among all.
SMALLEST_SHARE = 3

# Further searches among the smallest flows once a counterexample is known to exist.
ATTEMPTS = 10

OnCase = Callable[[], None]


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes
    ----------
    found
        The smallest case that violates the statement, or at which it cannot be evaluated; None if there was none.
    cases
        Number of cases tried before the first such.
    """

    found: Any | None
    cases: int


def search(
    cases: SearchStrategy[Any],
    violates: Callable[[Any], bool],
    examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    meets: Callable[[Any], bool] | None = None,
    on_case: OnCase | None = None,
    shrink: bool = True,
) -> Search:
    """Look for a case that violates a statement, and shrink it.

    Parameters
    ----------
    cases
        What to draw from.
    violates
        Whether the statement is false of a case.
    examples
        Number of cases to try.
    seed
        The same seed tries the same cases.
    meets
        Which cases count.
    on_case
        Called for every case tried, those of shrinking included.
    shrink
        Whether to shrink.
    """
    tried, violated = 0, False

    def condition(case: Any) -> bool:
        nonlocal tried, violated
        assume(meets is None or meets(case))
        if on_case is not None:
            on_case()
        false = violates(case)
        tried += not violated
        violated = violated or false
        return false

    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    quiet = settings(max_examples=examples, database=None, deadline=None, phases=phases, print_blob=False)
    try:
        return Search(find(cases, condition, settings=quiet, random=Random(seed)), tried)
    except (NoSuchExample, Unsatisfiable):
        return Search(None, tried)


def check(
    claim: Claim,
    examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    models: Models | None = None,
    on_case: OnCase | None = None,
    shrink: bool = True,
) -> Outcome:
    """Try to refute a claim, in general and, if that succeeds, under its condition; and ask sympy where it can tell.

    Parameters
    ----------
    claim
        The claim.
    examples, seed, on_case, shrink
        As for `search`.
    models
        Strategy of your own densities, see `Model`; all toy flows if left out.
    """

    def everything(**size: Any) -> SearchStrategy[Any]:
        return claim.cases(claim.models(**size) if models is None else models)

    proof = prove(claim.proof) if claim.proof and models is None else None
    general = _deepening(everything, claim, examples, seed, on_case, models, shrink, exists=is_refuted(None, proof))
    counterexample, trouble = _counterexample(claim, general.found)
    if not general.cases:
        trouble = "no case could be drawn"
    condition, narrow, exception = claim.condition, None, None
    if not trouble and condition and is_refuted(counterexample, proof) and (models is None or condition.cases is None):
        narrow = _deepening(
            condition.cases or everything, claim, examples, seed, on_case, models, shrink, condition.meets
        )
        exception, trouble = _counterexample(claim, narrow.found)
        if narrow.found is None and narrow.cases < SMALLEST_SHARE_WITHIN_CONDITION * examples:
            trouble = f"only {narrow.cases} cases met the condition"
    trouble = trouble or _contradiction(proof, counterexample, exception)
    narrow_cases = None if narrow is None else narrow.cases
    return Outcome(claim, general.cases, narrow_cases, counterexample, exception, proof, trouble)


def _deepening(
    cases: Callable[..., SearchStrategy[Any]],
    claim: Claim,
    examples: int,
    seed: int,
    on_case: OnCase | None,
    models: Models | None,
    shrink: bool,
    meets: Callable[[Any], bool] | None = None,
    exists: bool = False,
) -> Search:
    """Search among the smallest flows, then among all; what only those refute is sought among the smallest once more.

    So is what sympy refutes, a counterexample that `exists`.

    Shrinking is local: from a large flow it rarely gets to the smallest one, and takes long.
    """
    false = _violates(claim)
    if models is not None:
        return search(cases(), false, examples, seed, meets, on_case, shrink)
    small = search(cases(**SMALLEST), false, SMALLEST_SHARE * examples, seed, meets, on_case, shrink)
    if small.found is not None:
        return small
    general = search(cases(), false, examples, seed, meets, on_case, shrink=False)
    tried = small.cases + general.cases
    if general.found is None and not exists:
        return Search(None, tried)
    for attempt in range(1, ATTEMPTS + 1):
        small = search(cases(**SMALLEST), false, SMALLEST_SHARE * examples, seed + attempt, meets, on_case, shrink)
        if small.found is not None:
            return Search(small.found, tried + small.cases)
        tried += small.cases
    found = None if general.found is None else search(cases(), false, examples, seed, meets, on_case, shrink).found
    return Search(found, tried)


def _violates(claim: Claim) -> Callable[[Any], bool]:
    """Whether a case is to be kept: the statement is false there, or cannot be evaluated."""

    def violates(case: Any) -> bool:
        evaluation = _evaluation(claim, case)
        return not isinstance(evaluation, Evaluation) or not evaluation.holds

    return violates


def _evaluation(claim: Claim, case: Any) -> Evaluation | str:
    """Both sides of the statement, or why there are none."""
    try:
        return claim.evaluate(case)
    except (ToolkitError, RuntimeError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())} at {case!r}"


def _counterexample(claim: Claim, case: Any | None) -> tuple[Counterexample | None, str]:
    """The counterexample, or why the statement could not be evaluated."""
    if case is None:
        return None, ""
    evaluation = _evaluation(claim, case)
    if isinstance(evaluation, str):
        return None, evaluation
    return Counterexample(case, evaluation, snippet(claim, case)), ""


def _contradiction(proof: Proof | None, general: Counterexample | None, narrow: Counterexample | None) -> str:
    """What is wrong if proof and cases disagree; empty if they do not."""
    if proof is None:
        return ""
    if proof.verdict == "undecided":
        return f"sympy could not decide: {proof.statement}"
    if proof.verdict == "holds" and general is not None:
        return f"a case contradicts the proof: {proof.statement}"
    if proof.verdict == "holds under a condition" and narrow is not None:
        return f"a case contradicts the proof under the condition: {proof.detail}"
    return ""


def snippet(claim: Claim, case: Any) -> str:
    """A program that evaluates the statement again, from numbers alone."""
    return f"from curvature.verification import *\n\ncase = {case!r}\nprint(claim({claim.name!r}).evaluate(case))\n"
