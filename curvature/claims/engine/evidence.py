"""Facts that sympy computed about a claim, and the verdict that follows from them alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from curvature.property_testing.counterexample import Counterexample
from curvature.verdict import Verdict


@dataclass(frozen=True)
class Evidence:
    """Facts about one claim, each computed by sympy.

    Attributes
    ----------
    method
        What sympy was asked to show, and how.
    proofs
        Facts that together prove the claim.
    refutations
        Facts that together make a counterexample.
    conditions
        Facts that together prove that the claim holds under its condition.
    counterexample
        The counterexample itself, where the refutations make one.
    detail
        Further text, such as an example or the terms of a formula.
    """

    method: str
    proofs: Mapping[str, bool] = field(default_factory=dict)
    refutations: Mapping[str, bool] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
    counterexample: Counterexample | None = None
    detail: str = ""

    @property
    def verdict(self) -> Verdict:
        """Computed from the facts.

        The claim holds if all of its proofs are true. It is refuted if all facts of a counterexample are true; it then
        holds under a condition if there are facts that prove the condition, all true.
        """
        if _all_true(self.proofs):
            return Verdict.HOLDS
        if _all_true(self.refutations):
            return Verdict.CONDITIONAL if _all_true(self.conditions) else Verdict.REFUTED
        return Verdict.UNDECIDED

    @property
    def refutes(self) -> bool:
        """Whether there is a counterexample to the claim in general."""
        return self.verdict in {Verdict.REFUTED, Verdict.CONDITIONAL}


def _all_true(facts: Mapping[str, bool]) -> bool:
    """Whether there are facts and all of them are true."""
    return bool(facts) and all(facts.values())
