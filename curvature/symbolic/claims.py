"""The claims about the closed form that sympy can decide, each with its proof or counterexample (docs/theory.md, 9)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from curvature.symbolic import coefficient_claims, hessian_claims
from curvature.symbolic.evidence import Evidence

Verdict = Literal["holds", "refuted", "holds under a condition", "undecided"]


@dataclass(frozen=True)
class SymbolicClaim:
    """A statement and what sympy found.

    Attributes
    ----------
    name
        Short name.
    statement
        In words.
    equation
        Number in docs/theory.md.
    method
        What was computed, and for which sizes.
    checks
        Every computed fact the verdict rests on, by name.
    verdict
        ``holds`` if all proofs came out true, ``refuted`` if a counterexample did, ``holds under a condition`` if a
        counterexample did and so did the proof of a condition; ``undecided`` if sympy could show neither.
    condition
        The condition, or the counterexample, in words and numbers; empty where the claim simply holds.
    latex
        The central expression.
    """

    name: str
    statement: str
    equation: int
    method: str
    checks: Mapping[str, bool]
    verdict: Verdict
    condition: str
    latex: str

    def __str__(self) -> str:
        detail = f" ({self.condition})" if self.condition else ""
        return f"{self.name}, eq. {self.equation}: {self.statement} -> {self.verdict}{detail}"


CLAIMS: dict[str, Callable[[], Evidence]] = {**hessian_claims.CLAIMS, **coefficient_claims.CLAIMS}


def claims() -> tuple[SymbolicClaim, ...]:
    """Decide every claim; takes some seconds."""
    return tuple(_decide(name, evidence()) for name, evidence in CLAIMS.items())


def _decide(name: str, evidence: Evidence) -> SymbolicClaim:
    """Turn computed facts into a verdict; no claim brings its own."""
    checks = {**evidence.proofs, **evidence.refutations, **evidence.conditions}
    return SymbolicClaim(
        name,
        evidence.statement,
        evidence.equation,
        evidence.method,
        checks,
        verdict_of(evidence),
        evidence.detail,
        evidence.latex,
    )


def verdict_of(evidence: Evidence) -> Verdict:
    """Decide from the computed facts alone.

    Either all proofs of the claim itself are true; or all facts of a counterexample are, and then the claim holds
    under a condition if there are facts that prove one, all true.
    """
    if evidence.proofs and all(evidence.proofs.values()):
        return "holds"
    if evidence.refutations and all(evidence.refutations.values()):
        proved = evidence.conditions and all(evidence.conditions.values())
        return "holds under a condition" if proved else "refuted"
    return "undecided"
