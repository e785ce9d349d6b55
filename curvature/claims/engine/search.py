"""The search for counterexamples among toy flows: the smallest ones first, because shrinking is local."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis.strategies import SearchStrategy

from curvature.claims.engine.drawing.flow_strategies import SMALLEST
from curvature.property_testing.search import Effort, Found, Violates, search

# Number of cases among the smallest flows for each case among all flows.
SMALLEST_SHARE = 3

# Further searches among the smallest flows once a counterexample is known to exist.
ATTEMPTS = 10


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
