"""One check put to one flow: a case that violates the statement is looked for, and then made small."""

from collections.abc import Callable
from typing import Any

from curvature.checks.engine.check import Check
from curvature.checks.engine.program import program
from curvature.checks.engine.result import CheckResult, Status
from curvature.checks.engine.subject import Subject
from curvature.not_applicable import NotApplicableError
from curvature.property_testing.counterexample import Counterexample
from curvature.property_testing.evaluation import Evaluation
from curvature.property_testing.search import Effort, search

# Cases to evaluate for a smaller counterexample once there is one.
SHRINKING, FAST_SHRINKING = 60, 15

# A check that cannot be put to this many cases, and to none before, is not tried on others.
MOST_REFUSALS = 3

NOT_A_NUMBER = Evaluation(float("nan"), "==", 0.0)


def run_check(
    check: Check, subject: Subject, seed: int = 0, origin: str = "", on_case: Callable[[], None] = lambda: None
) -> CheckResult:
    """Put one check to a flow.

    Parameters
    ----------
    check, subject
        Which to which.
    seed
        The same seed tries the same cases.
    origin
        Lines of Python that make the flow and the data, for the counterexample's program.
    on_case
        Called for every case tried.
    """
    not_applicable: list[str] = []
    evaluated = 0

    def violates(case: Any) -> bool:
        nonlocal evaluated
        if not evaluated and len(not_applicable) >= MOST_REFUSALS:
            return False
        try:
            evaluation = check.evaluate(subject, case)
        except NotApplicableError as error:
            not_applicable.append(str(error))
            return False
        except Exception:  # whatever a user's model may raise
            evaluation = NOT_A_NUMBER
        evaluated += 1
        return not evaluation.holds

    shrinking = FAST_SHRINKING if subject.fast else SHRINKING
    effort = Effort(check.tries(subject.fast), seed, shrinking=shrinking, on_case=on_case)
    found = search(check.cases(subject), violates, effort)
    if found.case is not None:
        return _failure(check, subject, found.case, origin)
    if not evaluated:
        return CheckResult(check.name, Status.SKIPPED, not_applicable[-1])
    return CheckResult(check.name, Status.PASSED, f"{evaluated} case{'s' if evaluated != 1 else ''}")


def _failure(check: Check, subject: Subject, case: Any, origin: str) -> CheckResult:
    """What is wrong at a case: both sides, or what the model raised."""
    left, right = check.sides
    try:
        evaluation = check.evaluate(subject, case)
        words = [f"{left} against {right}: {evaluation}", check.remark(subject, case)]
        reason = "; ".join(filter(None, words))
    except Exception as error:  # whatever a user's model may raise
        evaluation, reason = NOT_A_NUMBER, f"{type(error).__name__}: {' '.join(str(error).split())}"
    found = Counterexample(case, evaluation, check.sides, program(check.name, case, origin, subject.fast))
    return CheckResult(check.name, Status.FAILED, reason, found)
