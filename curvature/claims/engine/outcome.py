"""The result of testing one claim; its verdict is computed from what was found and from nothing else."""

from dataclasses import dataclass

from curvature.claims.engine.claim import Claim
from curvature.claims.engine.evidence import Evidence
from curvature.claims.engine.verdict import Verdict
from curvature.property_testing.counterexample import Counterexample


@dataclass(frozen=True)
class Outcome:
    """The result of testing one claim.

    Attributes
    ----------
    claim
        The claim.
    evidence
        Sympy's facts; None if they were not computed.
    cases
        Number of cases tried in general, before the first violation if there was one.
    counterexample
        The smallest drawn case against the statement in general.
    cases_under_condition
        Number of cases tried under the claim's condition; None if it was not tried under one.
    counterexample_under_condition
        The smallest drawn case against the statement even under its condition.
    trouble
        Why the claim could not be decided; empty if it could.
    on_own_density
        Whether the cases were drawn from a user's own densities instead of toy flows.
    inapplicable
        Why the claim was not put to these densities; empty if it was.
    """

    claim: Claim
    evidence: Evidence | None = None
    cases: int = 0
    counterexample: Counterexample | None = None
    cases_under_condition: int | None = None
    counterexample_under_condition: Counterexample | None = None
    trouble: str = ""
    on_own_density: bool = False
    inapplicable: str = ""

    @property
    def verdict(self) -> Verdict:
        """Undecided if there is trouble; else what the cases and sympy found together."""
        if self.inapplicable:
            return Verdict.NOT_APPLICABLE
        if self.trouble:
            return Verdict.UNDECIDED
        if self.claim.test is None:
            return Verdict.UNDECIDED if self.evidence is None else self.evidence.verdict
        if self.counterexample is None and not (self.evidence and self.evidence.refutes):
            return Verdict.HOLDS
        if self.cases_under_condition and self.counterexample_under_condition is None:
            return Verdict.CONDITIONAL
        return Verdict.REFUTED

    @property
    def counterexamples(self) -> tuple[Counterexample, ...]:
        """Those drawn, in general and under the condition; the one from sympy if none was drawn."""
        drawn = [found for found in (self.counterexample, self.counterexample_under_condition) if found is not None]
        exact = self.evidence.counterexample if self.evidence else None
        return tuple(drawn) if drawn or exact is None else (exact,)

    @property
    def tested_by(self) -> str:
        """How it was tested: ``property``, ``convergence``, ``sympy``, or two of them."""
        method = [self.claim.test.method] if self.claim.test else []
        return " + ".join([*method, "sympy"] if self.evidence else method)

    @property
    def is_unexpected(self) -> bool:
        """Whether the verdict is not the expected one.

        On a user's own density, a claim that holds under a condition is also refuted as expected where hardly any case
        meets the condition, and any claim may hold.
        """
        if self.inapplicable:
            return False
        if not self.on_own_density:
            return self.verdict is not self.claim.expected
        return self.verdict not in self._expected_on_own_density

    @property
    def _expected_on_own_density(self) -> set[Verdict]:
        if self.claim.expected is Verdict.CONDITIONAL and self.counterexample_under_condition is None:
            return {Verdict.HOLDS, Verdict.CONDITIONAL, Verdict.REFUTED}
        return {Verdict.HOLDS, self.claim.expected}

    @property
    def is_alarming(self) -> bool:
        """Whether the toolkit cannot be trusted: undecided, or an unexpected verdict on an essential claim."""
        return self.verdict is Verdict.UNDECIDED or (self.claim.essential and self.is_unexpected)
