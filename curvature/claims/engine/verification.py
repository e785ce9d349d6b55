"""The run over the claims, and its results."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from curvature.claims.engine.check import check, require_any_density
from curvature.claims.engine.claim import Claim
from curvature.claims.engine.drawing.cases import Models
from curvature.claims.engine.drawing.given_density import GivenDensity
from curvature.claims.engine.outcome import Outcome
from curvature.claims.engine.registry import claim, claims
from curvature.property_testing.search import DEFAULT_EXAMPLES, Effort

OnClaim = Callable[[str, int], None]
"""Called with the name of the claim that is being tested and the number of its cases tried so far."""


@dataclass(frozen=True)
class Verification:
    """Results of a run over the claims.

    Attributes
    ----------
    outcomes
        One for each claim, in the order of the tables.
    examples, seed
        Number of random cases a claim, and seed of the run.
    """

    outcomes: tuple[Outcome, ...]
    examples: int
    seed: int

    @property
    def is_sound(self) -> bool:
        """Whether every claim was decided, and every essential one as expected."""
        return not any(outcome.is_alarming for outcome in self.outcomes)

    def __getitem__(self, name: str) -> Outcome:
        for outcome in self.outcomes:
            if outcome.claim.name == name:
                return outcome
        raise KeyError(name)


def verify(
    names: Iterable[str] | None = None,
    examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    models: Models | GivenDensity | None = None,
    progress: OnClaim | None = None,
) -> Verification:
    """Try to refute every claim.

    Parameters
    ----------
    names
        The claims to test; all if left out. Those that cannot be put to `models` are then listed as not applicable.
    examples
        Random cases a claim; shrinking a counterexample takes more.
    seed
        The same seed draws the same cases.
    models
        Your own density instead of toy flows, by `given_density`, or a strategy of several, see `Model`.
    progress
        Called before every case.

    Raises
    ------
    UnknownNameError
        If there is no claim of that name.
    OptionError
        If a claim named cannot be tested on your own densities.
    """
    drawn = st.just(models) if isinstance(models, GivenDensity) else models
    outcomes = []
    for one in _chosen(names, own_models=models is not None):
        if models is not None and one.inapplicable:
            outcomes.append(Outcome(one, on_own_density=True, inapplicable=one.inapplicable))
            continue
        outcomes.append(check(one, Effort(examples, seed, on_case=_counter(progress, one.name)), drawn))
    return Verification(tuple(outcomes), examples, seed)


def _chosen(names: Iterable[str] | None, own_models: bool) -> list[Claim]:
    """The claims named, which must be applicable; all if none are named."""
    if names is None:
        return list(claims())
    chosen = [claim(name) for name in names]
    for one in chosen:
        if own_models:
            require_any_density(one)
    return chosen


def _counter(progress: OnClaim | None, name: str) -> Callable[[], None]:
    """Count the cases of one claim."""
    done = 0

    def on_case() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(name, done)

    return on_case
