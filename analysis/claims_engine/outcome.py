"""The verdict on a claim: what its findings say together."""

from dataclasses import dataclass

from analysis.claims_engine.claim import DataClaim, Finding
from curvature.verdict import Verdict


@dataclass(frozen=True)
class ClaimOutcome:
    """What became of one claim.

    Attributes
    ----------
    claim
        The claim.
    findings
        One for each model, pair or input set; none without data.
    missing
        Why there is no finding, with the command that makes the table; empty if there is one.
    """

    claim: DataClaim
    findings: tuple[Finding, ...] = ()
    missing: str = ""

    def with_verdict(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings that have a verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def verdict(self) -> Verdict:
        """Holds if it does everywhere, refuted if it holds nowhere and is refuted somewhere.

        ``holds for some`` stands for a claim that holds for some findings, and is refuted or not resolved for others.
        """
        if not self.findings:
            return Verdict.NO_DATA
        found = {finding.verdict for finding in self.findings}
        if found == {Verdict.HOLDS}:
            return Verdict.HOLDS
        if Verdict.HOLDS in found:
            return Verdict.HOLDS_FOR
        return Verdict.REFUTED if Verdict.REFUTED in found else Verdict.NOT_RESOLVED

    @property
    def summary(self) -> str:
        """The verdict in words, with the number of findings."""
        if self.verdict is Verdict.NO_DATA:
            return f"{self.verdict}: {self.missing}"
        if self.verdict is Verdict.HOLDS_FOR:
            return f"holds for {len(self.with_verdict(Verdict.HOLDS))} of {len(self.findings)}"
        return str(self.verdict)

    @property
    def fails_for(self) -> tuple[str, ...]:
        """Subjects of the findings that refute the claim."""
        return tuple(finding.subject for finding in self.with_verdict(Verdict.REFUTED))
