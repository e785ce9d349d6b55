"""What came of one check."""

from dataclasses import dataclass
from enum import StrEnum

from curvature.property_testing.counterexample import Counterexample


class Status(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED_FAILURE = "expected failure"
    SKIPPED = "skipped"


class FailedCheckWarning(UserWarning):
    """A check of a flow failed, and `check_flow` was asked to warn."""


@dataclass(frozen=True)
class CheckResult:
    """What came of one check of one flow.

    Attributes
    ----------
    name
        The check's.
    status
        Passed, failed, expected failure or skipped.
    reason
        The two sides that differ, or why the check was skipped or expected to fail; the number of cases if it passed.
    counterexample
        The smallest case that was found to violate the statement, as a program; None unless one was.
    """

    name: str
    status: Status
    reason: str
    counterexample: Counterexample | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.status}: {self.reason}"
