"""`check_flow`: every check put to one flow, in the manner of scikit-learn's `check_estimator`."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from curvature.checks.engine.program import origin_of
from curvature.checks.engine.registry import check, checks, require_checks
from curvature.checks.engine.result import CheckResult, FailedCheckWarning, Status
from curvature.checks.engine.running import run_check
from curvature.checks.engine.subject import Subject
from curvature.errors import FailedCheckError, OptionError
from curvature.property_testing.evaluation import Evaluation

OnCase = Callable[[str], None]
"""Called with the name of the check at hand for every case that is tried."""


def check_flow(
    flow: Any,
    x: Any,
    *,
    expected_failed_checks: Mapping[str, str] | None = None,
    on_fail: Literal["raise", "warn"] | None = "raise",
    fast: bool = False,
    seed: int = 0,
) -> list[CheckResult]:
    """Put the contract of a flow to one model: what the toolkit's numbers take for granted, property by property.

    Parameters
    ----------
    flow
        A module, or another object, with `log_prob`; or that method; or a function ``[B, *event] -> [B]`` in nats. A
        module is copied to float64 and left as it is. ``forward(x) -> (z, log_det)``, ``inverse(z)``, ``sample(n)``,
        `is_constant_log_det` and `prior.scale` are checked as well, where it has them.
    x
        Events ``[N, *event]`` that the flow is meant for, in its input's units; 256 at most are used.
    expected_failed_checks
        By name of the check: why it may fail. Such a failure is reported, but not raised.
    on_fail
        ``raise`` one error that tells every failure, after all checks; ``warn`` of each; or None for neither.
    fast
        Try fewer cases and fewer samples.
    seed
        The same seed tries the same cases.

    Returns
    -------
    list of CheckResult
        In the order of docs/checks.md.

    Raises
    ------
    FailedCheckError
        If a check failed that was not expected to, and `on_fail` is ``raise``.
    UnknownNameError, OptionError
        If there is no check of a name, or `on_fail` is none of the three.
    ToolkitError
        If the model is not ready to be evaluated, or the data are not what it takes; as `expand` raises.
    """
    if on_fail not in {"raise", "warn", None}:
        raise OptionError(f"on_fail: expected 'raise', 'warn' or None, got {on_fail!r}")
    results = run_checks(flow, x, expected_failed_checks=expected_failed_checks, fast=fast, seed=seed)
    failed = [result for result in results if result.status is Status.FAILED]
    if on_fail == "warn":
        for result in failed:
            warnings.warn(_told(result), FailedCheckWarning, stacklevel=2)
    if on_fail == "raise" and failed:
        message = "\n\n".join(map(_told, failed))
        raise FailedCheckError(f"{len(failed)} of {len(results)} checks failed\n\n{message}")
    return results


def run_checks(
    flow: Any,
    x: Any,
    *,
    expected_failed_checks: Mapping[str, str] | None = None,
    fast: bool = False,
    seed: int = 0,
    origin: str = "",
    on_case: OnCase = lambda name: None,
) -> list[CheckResult]:
    """Run every check and return what came of them, whatever it is.

    Parameters
    ----------
    flow, x, expected_failed_checks, fast, seed
        As for `check_flow`.
    origin
        Lines of Python that make `flow` and `x`, for the programs of counterexamples.
    on_case
        Called with a check's name for every case of it.

    Raises
    ------
    ToolkitError
        As `check_flow` does, failed checks apart.
    """
    expected = dict(expected_failed_checks or {})
    require_checks(expected)
    subject = Subject.of(flow, x, fast)
    origin = origin or origin_of(flow)

    def run(name: str) -> CheckResult:
        return run_check(check(name), subject, seed, origin, on_case=lambda: on_case(name))

    return [excused(run(one.name), expected.get(one.name)) for one in checks()]


def evaluate_check(name: str, flow: Any, x: Any, case: Any, fast: bool = False) -> Evaluation:
    """Both sides of a check's statement at one case, as the programs of counterexamples ask for.

    Raises
    ------
    UnknownNameError
        If there is no such check.
    """
    return check(name).evaluate(Subject.of(flow, x, fast), case)


def excused(result: CheckResult, reason: str | None) -> CheckResult:
    """The same result, with a failure that was expected for a reason told as such."""
    if reason is None:
        return result
    if result.status is Status.FAILED:
        return replace(result, status=Status.EXPECTED_FAILURE, reason=f"{reason} ({result.reason})")
    if result.status is Status.PASSED:
        return replace(result, reason=f"{result.reason}, though it was expected to fail: {reason}")
    return result


def _told(result: CheckResult) -> str:
    """A failure, with the program that shows it."""
    return f"{result}\n{result.counterexample.snippet if result.counterexample else ''}".rstrip()
