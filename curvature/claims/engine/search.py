"""The search for counterexamples: Hypothesis draws cases and shrinks the first violation to the smallest one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hypothesis import Phase, assume, find, settings
from hypothesis.errors import NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from curvature.claims.engine.drawing.flow_strategies import SMALLEST

DEFAULT_EXAMPLES = 8

# Number of cases among the smallest flows for each case among all flows.
SMALLEST_SHARE = 3

# Further searches among the smallest flows once a counterexample is known to exist.
ATTEMPTS = 10

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
    on_case
        Called for every case tried, those of shrinking included.
    """

    examples: int = DEFAULT_EXAMPLES
    seed: int = 0
    shrink: bool = True
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
    tried, violated = 0, False

    def is_violation(case: Any) -> bool:
        nonlocal tried, violated
        assume(meets is None or meets(case))
        effort.on_case()
        false = violates(case)
        tried += not violated
        violated = violated or false
        return false

    phases = (Phase.generate, Phase.shrink) if effort.shrink else (Phase.generate,)
    quiet = settings(max_examples=effort.examples, database=None, deadline=None, phases=phases, print_blob=False)
    try:
        return Found(find(cases, is_violation, settings=quiet, random=Random(effort.seed)), tried)
    except (NoSuchExample, Unsatisfiable):
        return Found(None, tried)


def search_toy_flows(
    cases: Callable[..., SearchStrategy[Any]],
    violates: Violates,
    effort: Effort,
    meets: Callable[[Any], bool] | None = None,
    exists: bool = False,
) -> Found:
    """Search among the smallest toy flows, then among all.

    Shrinking is local: from a large flow it takes long and rarely ends at a smallest one. So if the first search among
    the smallest flows finds nothing but a larger flow refutes the statement, the smallest flows are searched again,
    with other seeds.

    Parameters
    ----------
    cases
        Strategy of cases, by the options of `flows`.
    violates, effort, meets
        As for `search`.
    exists
        Whether a counterexample is known to exist, as where sympy has one.
    """
    smallest = cases(**SMALLEST)
    briefly = replace(effort, examples=SMALLEST_SHARE * effort.examples)
    small = search(smallest, violates, briefly, meets)
    if small.case is not None:
        return small
    general = search(cases(), violates, replace(effort, shrink=False), meets)
    tried = small.cases + general.cases
    if general.case is None and not exists:
        return Found(None, tried)
    for attempt in range(1, ATTEMPTS + 1):
        small = search(smallest, violates, replace(briefly, seed=effort.seed + attempt), meets)
        tried += small.cases
        if small.case is not None:
            return Found(small.case, tried)
    shrunk = None if general.case is None else search(cases(), violates, effort, meets).case
    return Found(shrunk, tried)
