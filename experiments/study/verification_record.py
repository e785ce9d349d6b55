"""A verification as values for JSON: claims, verdicts, counterexamples as numbers, and what the verdicts depend on."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from curvature.claims import Counterexample, Evidence, Outcome, Verification

LIBRARIES = ("hypothesis", "sympy", "scipy")


def verification_record(verification: Verification, environment: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a run over the claims.

    Parameters
    ----------
    verification
        What was found.
    environment
        What it depends on beside the code, as `experiments.storage.environment.environment_record` makes it.
    """
    return {
        "seed": verification.seed,
        "examples": verification.examples,
        "is_sound": verification.is_sound,
        "environment": {**environment, **{name: metadata.version(name) for name in LIBRARIES}},
        "claims": [_outcome(outcome) for outcome in verification.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    claim = outcome.claim
    return {
        "name": claim.name,
        "statement": claim.statement,
        "equations": list(claim.equations),
        "tested_by": outcome.tested_by,
        "essential": claim.essential,
        "verdict": outcome.verdict.value,
        "expected": claim.expected.value,
        "is_unexpected": outcome.is_unexpected,
        "cases": outcome.cases,
        "condition": None if claim.condition is None else claim.condition.statement,
        "cases_under_condition": outcome.cases_under_condition,
        "counterexample": _counterexample(outcome.counterexample),
        "counterexample_under_condition": _counterexample(outcome.counterexample_under_condition),
        "sympy": None if outcome.evidence is None else _evidence(outcome.evidence),
        "trouble": outcome.trouble,
        "inapplicable": outcome.inapplicable,
    }


def _counterexample(found: Counterexample | None) -> dict[str, Any] | None:
    if found is None:
        return None
    evaluation = found.evaluation
    left, right = found.sides
    return {
        "left": {"what": left, "value": evaluation.left},
        "relation": evaluation.relation,
        "right": {"what": right, "value": evaluation.right},
        "tolerance": evaluation.tolerance,
        "case": found.numbers(),
        "python": found.snippet,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "method": evidence.method,
        "verdict": evidence.verdict.value,
        "facts": {**evidence.proofs, **evidence.refutations, **evidence.conditions},
        "counterexample": _counterexample(evidence.counterexample),
        "detail": evidence.detail,
    }
