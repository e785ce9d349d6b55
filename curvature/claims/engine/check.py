"""Test of one claim by random cases and by sympy: in general and, if it is refuted, under its condition."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis.strategies import SearchStrategy

from curvature.claims.engine.claim import Claim
from curvature.claims.engine.drawing.cases import Models, has_finite_density
from curvature.claims.engine.drawing.given_density import GivenDensity
from curvature.claims.engine.drawing.own_models import OwnModel, own_model
from curvature.claims.engine.evidence import Evidence
from curvature.claims.engine.outcome import Outcome
from curvature.claims.engine.registry import claims
from curvature.claims.engine.search import search_toy_flows
from curvature.claims.engine.verdict import Verdict
from curvature.errors import OptionError, ToolkitError
from curvature.property_testing.counterexample import Counterexample
from curvature.property_testing.evaluation import Evaluation
from curvature.property_testing.search import DEFAULT_EFFORT, Effort, Found, search

# If hardly any case meets the condition, the search under it decides nothing.
SMALLEST_SHARE_WITHIN_CONDITION = 0.2

# Cases to evaluate for a smaller counterexample on a user's own density, which may take long.
OWN_SHRINKING = 20
# Cases to ask whether they meet a condition, for one that is to be evaluated.
OWN_ATTEMPTS = 3


def check(claim: Claim, effort: Effort = DEFAULT_EFFORT, models: Models | None = None) -> Outcome:
    """Try to refute a claim, in general and, if that succeeds, under its condition; sympy's evidence is added.

    Parameters
    ----------
    claim
        The claim.
    effort
        How long to search.
    models
        Strategy of your own densities, see `Model`; toy flows if left out. Sympy's evidence is about
        flows only and is not used then.

    Raises
    ------
    OptionError
        If the claim is about toy flows and your own densities are given, or one of them has no event_shape.
    """
    if models is not None:
        require_any_density(claim)
        models = models.map(own_model)
        effort = replace(effort, shrinking=OWN_SHRINKING if effort.shrinking is None else effort.shrinking)
    if claim.test is None:
        effort.on_case()
    evidence = claim.evidence() if claim.evidence and models is None else None
    if claim.test is None:
        return Outcome(claim, evidence, trouble=_contradiction(claim, evidence, None, None))
    cases, condition = _all_cases(claim, models), claim.condition
    known = evidence is not None and evidence.refutes
    general = _search(claim, cases, effort, models, known=known)
    counterexample, trouble = _counterexample(claim, general)
    if not general.cases:
        trouble = "no case could be drawn"
    within, exception = None, None
    refuted = known or counterexample is not None
    # A condition with cases of its own draws toy flows: it says nothing about other models.
    if refuted and not trouble and condition and (models is None or condition.cases is None):
        found = _search(claim, condition.cases or cases, effort, models, condition.meets)
        within = found.cases
        exception, trouble = _counterexample(claim, found)
        if found.case is None and within < SMALLEST_SHARE_WITHIN_CONDITION * effort.examples:
            # A user's own density may be such that the condition never holds: then it is refuted, and that is all.
            trouble = f"only {within} cases met the condition" if models is None else ""
            within = within or None
    trouble = trouble or _contradiction(claim, evidence, counterexample, exception)
    return Outcome(claim, evidence, general.cases, counterexample, within, exception, trouble, models is not None)


def require_any_density(claim: Claim) -> None:
    """Raise unless a claim can be put to a user's own densities.

    Raises
    ------
    OptionError
        If it needs more than log p.
    """
    if claim.inapplicable:
        known = ", ".join(one.name for one in claims() if not one.inapplicable)
        raise OptionError(
            f"claim {claim.name!r} cannot be put to your own densities ({claim.inapplicable}); these can: {known}"
        )


def snippet(claim: Claim, case: Any) -> str:
    """A program that evaluates the claim again, from numbers alone; of an own density as far as its repr is code."""
    model = getattr(case, "model", None)
    own = f"{model.imported}\n" if isinstance(model, OwnModel | GivenDensity) else ""
    return (
        f"from curvature.claims import *\nfrom curvature.claims.{claim.name.replace('-', '_')} import *\n{own}\n"
        f"case = {case!r}\nprint(CLAIM.evaluate(case))\n"
    )


def _all_cases(claim: Claim, models: Models | None) -> Callable[..., SearchStrategy[Any]]:
    """Strategy of the claim's cases, by the options of `flows` where toy flows are drawn."""
    assert claim.test is not None
    test = claim.test
    if models is not None:
        return lambda: test.cases(models).filter(has_finite_density)
    return lambda **options: test.cases(test.models(**options))


def _search(
    claim: Claim,
    cases: Callable[..., SearchStrategy[Any]],
    effort: Effort,
    models: Models | None,
    meets: Callable[[Any], bool] | None = None,
    known: bool = False,
) -> Found:
    """Search for a case at which the statement is false, or cannot be evaluated."""

    def violates(case: Any) -> bool:
        evaluation = _evaluation(claim, case)
        return isinstance(evaluation, str) or not evaluation.holds

    if models is not None:
        return search(cases(), violates, replace(effort, attempts=OWN_ATTEMPTS * effort.examples), meets)
    return search_toy_flows(cases, violates, effort, meets, known)


def _evaluation(claim: Claim, case: Any) -> Evaluation | str:
    """Both sides of the statement, or why there are none."""
    try:
        return claim.evaluate(case)
    except (ToolkitError, RuntimeError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())} at {case!r}"


def _counterexample(claim: Claim, found: Found) -> tuple[Counterexample | None, str]:
    """The counterexample, or why the statement could not be evaluated."""
    if found.case is None or claim.test is None:
        return None, ""
    evaluation = _evaluation(claim, found.case)
    if isinstance(evaluation, str):
        return None, evaluation
    return Counterexample(found.case, evaluation, claim.test.sides, snippet(claim, found.case)), ""


def _contradiction(
    claim: Claim, evidence: Evidence | None, general: Counterexample | None, exception: Counterexample | None
) -> str:
    """How sympy could not decide, or how sympy and the cases disagree; empty if neither is so."""
    if evidence is None:
        return ""
    if evidence.verdict is Verdict.UNDECIDED:
        return f"sympy could not decide: {claim.statement}"
    if evidence.verdict is Verdict.HOLDS and general is not None:
        return f"a case contradicts the proof: {claim.statement}"
    if evidence.verdict is Verdict.CONDITIONAL and exception is not None:
        return f"a case contradicts the proof under the condition: {claim.statement}"
    return ""
