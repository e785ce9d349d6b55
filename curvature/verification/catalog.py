"""All claims, by name, and the run over them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from curvature.names import unknown_name
from curvature.verification import convergence_claims, distribution_claims, identity_claims, sign_claims
from curvature.verification.cases import Models
from curvature.verification.claim import Claim, Outcome
from curvature.verification.proofs import PROOFS, Proof, prove
from curvature.verification.refutation import DEFAULT_EXAMPLES, check

CLAIMS: tuple[Claim, ...] = (
    *identity_claims.CLAIMS,
    *sign_claims.CLAIMS,
    *convergence_claims.CLAIMS,
    *distribution_claims.CLAIMS,
)

OnClaim = Callable[[str, int], None]
"""Called with what is being tested and the cases tried so far."""


@dataclass(frozen=True)
class Verification:
    """What a run over the claims found.

    Attributes
    ----------
    outcomes
        By claim, tested by random cases.
    proofs
        By name: statements that sympy alone decides.
    examples, seed
        Of the run.
    """

    outcomes: tuple[Outcome, ...]
    proofs: dict[str, Proof]
    examples: int
    seed: int

    @property
    def is_sound(self) -> bool:
        """Whether everything was decided, and nothing refuted that the toolkit rests on."""
        decided = all(proof.verdict != "undecided" for proof in self.proofs.values())
        return decided and not any(outcome.is_alarming for outcome in self.outcomes)


def claim(name: str) -> Claim:
    """Find a claim by its name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    found = {claim.name: claim for claim in CLAIMS}
    if name not in found:
        raise unknown_name("claim", name, found)
    return found[name]


def verify(
    claims: Iterable[str] | None = None,
    examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    models: Models | None = None,
    progress: OnClaim | None = None,
) -> Verification:
    """Try to refute every claim.

    Parameters
    ----------
    claims
        Names of the claims to test; all if left out, or all that apply to any density if `models` is given.
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
    """
    if claims is None:
        chosen = [one for one in CLAIMS if models is None or one.any_density]
    else:
        chosen = [claim(name) for name in claims]
    outcomes = []
    for one in chosen:
        outcomes.append(check(one, examples, seed, models, _counter(progress, one.name)))
    proofs: dict[str, Proof] = {}
    if claims is None and models is None:
        used = {one.proof for one in chosen}
        for name in PROOFS:
            if name not in used:
                _counter(progress, name)()
                proofs[name] = prove(name)
    return Verification(tuple(outcomes), proofs, examples, seed)


def _counter(progress: OnClaim | None, name: str) -> Callable[[], None]:
    """Count the cases of one claim."""
    done = 0

    def on_case() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(name, done)

    return on_case
