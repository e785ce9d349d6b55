"""A verification as plain values for JSON: claims, verdicts, counterexamples as numbers, and what they depend on."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from curvature.verification import Counterexample, Outcome, Proof, Verification

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
        "proofs": [{"name": name, **_proof(proof)} for name, proof in verification.proofs.items()],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    claim = outcome.claim
    return {
        "name": claim.name,
        "statement": claim.statement,
        "equations": claim.equations,
        "tested_by": outcome.tested_by,
        "essential": claim.essential,
        "verdict": outcome.verdict.value,
        "cases": outcome.cases,
        "condition": None if claim.condition is None else claim.condition.statement,
        "cases_under_condition": outcome.cases_under_condition,
        "counterexample": _counterexample(outcome.counterexample, claim.sides),
        "counterexample_under_condition": _counterexample(outcome.counterexample_under_condition, claim.sides),
        "proof": None if outcome.proof is None else _proof(outcome.proof),
        "trouble": outcome.trouble,
    }


def _counterexample(found: Counterexample | None, sides: tuple[str, str]) -> dict[str, Any] | None:
    if found is None:
        return None
    evaluation = found.evaluation
    return {
        "left": {"what": sides[0], "value": evaluation.left},
        "relation": evaluation.relation,
        "right": {"what": sides[1], "value": evaluation.right},
        "tolerance": evaluation.tolerance,
        "numbers": found.numbers(),
        "python": found.snippet,
    }


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "statement": proof.statement,
        "equation": proof.equation,
        "method": proof.method,
        "verdict": proof.verdict,
        "detail": proof.detail,
    }
