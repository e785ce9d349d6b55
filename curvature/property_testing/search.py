"""The search for counterexamples: Hypothesis draws cases and shrinks the first violation to the smallest one."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import Phase, assume, find, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

DEFAULT_EXAMPLES = 8

Violates = Callable[[Any], bool]


@dataclass(frozen=True)
class Effort:
    """How long to search, and with which random cases.

    Attributes
    ----------
    examples
        Number of cases to try; shrinking a counterexample takes more.
    seed
        The same seed tries the same cases.
    shrink
        Whether to shrink a counterexample to the smallest one.
    shrinking
        Largest number of cases to evaluate for that; no limit if left out.
    attempts
        Largest number of cases to draw before the first violation, those that do not count included; no limit of its
        own if left out.
    on_case
        Called for every case tried, those of shrinking included.
    """

    examples: int = DEFAULT_EXAMPLES
    seed: int = 0
    shrink: bool = True
    shrinking: int | None = None
    attempts: int | None = None
    on_case: Callable[[], None] = lambda: None


DEFAULT_EFFORT = Effort()


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    case
        The smallest case that violates the statement, or at which it cannot be evaluated; None if there was none.
    cases
        Number of cases tried before the first such.
    """

    case: Any | None
    cases: int


def search(
    cases: SearchStrategy[Any],
    violates: Violates,
    effort: Effort = DEFAULT_EFFORT,
    meets: Callable[[Any], bool] | None = None,
) -> Found:
    """Look for a case that violates a statement, and shrink it.

    Parameters
    ----------
    cases
        What to draw from.
    violates
        Whether the statement is false of a case.
    effort
        How long to search.
    meets
        Which cases count; all if left out.
    """
    tried, shrinking, attempts = 0, 0, 0
    violating: list[Any] = []

    def is_violation(case: Any) -> bool:
        nonlocal tried, shrinking, attempts
        attempts += not violating
        if _exceeds(shrinking + 1, effort.shrinking) or _exceeds(attempts, effort.attempts):
            raise _EnoughError
        assume(meets is None or meets(case))
        effort.on_case()
        tried += not violating
        shrinking += bool(violating)
        if not violates(case):
            return False
        violating.append(case)
        return True

    phases = (Phase.generate, Phase.shrink) if effort.shrink else (Phase.generate,)
    quiet = settings(max_examples=effort.examples, database=None, deadline=None, phases=phases, print_blob=False)
    try:
        return Found(find(cases, is_violation, settings=quiet, random=Random(effort.seed)), tried)
    except (NoSuchExample, Unsatisfiable):
        return Found(None, tried)
    except _EnoughError:
        return Found(violating[-1] if violating else None, tried)


def _exceeds(number: int, limit: int | None) -> bool:
    return limit is not None and number > limit


class _EnoughError(BaseException):
    """The search has taken as many cases as it may; no Exception, which Hypothesis would take for a finding."""
