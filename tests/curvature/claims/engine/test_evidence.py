"""Sympy's verdict follows from the facts that it computed, and from nothing else."""

import pytest

from curvature.claims import Evidence


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"proofs": {"a": True}}, "holds"),
        ({"proofs": {"a": True, "b": False}}, "undecided"),
        ({"refutations": {"a": True}}, "refuted"),
        ({"refutations": {"a": True}, "conditions": {"b": False}}, "refuted"),
        ({"refutations": {"a": True}, "conditions": {"b": True}}, "holds under a condition"),
        ({"refutations": {"a": False}, "conditions": {"b": True}}, "undecided"),
        ({}, "undecided"),
    ],
)
def test_verdicts_follow_from_facts(facts, verdict):
    evidence = Evidence("method", **facts)
    assert evidence.verdict == verdict
    assert evidence.refutes is (verdict in {"refuted", "holds under a condition"})
