"""The checks as parametrised tests of pytest, in the manner of scikit-learn's `parametrize_with_checks`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from curvature.checks.engine.program import origin_of
from curvature.checks.engine.registry import check, checks, require_checks
from curvature.checks.engine.result import Status
from curvature.checks.engine.running import run_check
from curvature.checks.engine.subject import Subject
from curvature.errors import FailedCheckError


@dataclass(frozen=True, eq=False)
class FlowUnderTest:
    """A flow and its data, copied at the first check and not when pytest collects tests."""

    flow: Any
    x: Any
    fast: bool

    @cached_property
    def subject(self) -> Subject:
        """The flow, ready for checks."""
        return Subject.of(self.flow, self.x, self.fast)


@dataclass(frozen=True, eq=False)
class FlowCheck:
    """One check of one flow; call it in a test."""

    name: str
    tested: FlowUnderTest
    seed: int

    def __call__(self) -> None:
        """Run the check; skip the test if the model lacks what it needs.

        Raises
        ------
        FailedCheckError
            If it fails, with the smallest counterexample as a program.
        """
        result = run_check(check(self.name), self.tested.subject, self.seed, origin_of(self.tested.flow))
        if result.status is Status.SKIPPED:
            pytest.skip(result.reason)
        if result.counterexample is not None:
            raise FailedCheckError(f"{result}\n{result.counterexample.snippet}")


def parametrize_with_flow_checks(
    flow: Any,
    x: Any,
    *,
    expected_failed_checks: Mapping[str, str] | None = None,
    fast: bool = False,
    seed: int = 0,
) -> pytest.MarkDecorator:
    """Make a test of every check: a decorator for a test function with one argument, `check`, that it calls.

    Parameters
    ----------
    flow, x, fast, seed
        As for `check_flow`.
    expected_failed_checks
        By name of the check: why it may fail. Its test is marked ``xfail`` with this reason.

    Raises
    ------
    UnknownNameError
        If there is no check of a name that is expected to fail.

    Examples
    --------
    >>> import torch
    >>> from curvature.checks import parametrize_with_flow_checks
    >>> gaussian = torch.distributions.MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double())
    >>> @parametrize_with_flow_checks(gaussian.log_prob, torch.randn(8, 2), fast=True)
    ... def test_my_flow(check):
    ...     check()
    """
    expected = dict(expected_failed_checks or {})
    require_checks(expected)
    tested = FlowUnderTest(flow, x, fast)
    parameters = [
        pytest.param(
            FlowCheck(one.name, tested, seed),
            id=one.name,
            marks=[pytest.mark.xfail(reason=expected[one.name])] if one.name in expected else [],
        )
        for one in checks()
    ]
    return pytest.mark.parametrize("check", parameters)
