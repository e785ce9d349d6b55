"""The run over the claims, and its results."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from curvature.claims.engine.check import check, require_any_density
from curvature.claims.engine.claim import Claim
from curvature.claims.engine.drawing.cases import Models
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
    models: Models | None = None,
    progress: OnClaim | None = None,
) -> Verification:
    """Try to refute every claim.

    Parameters
    ----------
    names
        The claims to test; all if left out, or all that apply to any density if `models` is given.
    examples
        Random cases a claim; shrinking a counterexample takes more.
    seed
        The same seed draws the same cases.
    models
        Strategy of your own densities instead of toy flows, see `Model`.
    progress
        Called before every case.

    Raises
    ------
    UnknownNameError
        If there is no claim of that name.
    OptionError
        If a claim named cannot be tested on your own densities.
    """
    outcomes = []
    for one in _chosen(names, own_models=models is not None):
        outcomes.append(check(one, Effort(examples, seed, on_case=_counter(progress, one.name)), models))
    return Verification(tuple(outcomes), examples, seed)


def _chosen(names: Iterable[str] | None, own_models: bool) -> list[Claim]:
    """The claims named, or all that can be tested."""
    if names is None:
        return [one for one in claims() if not own_models or (one.test and one.test.any_density)]
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
