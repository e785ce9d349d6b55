"""Every claim on few examples: its verdict, and that its counterexample is one when evaluated from numbers again."""

import contextlib
import io
import json
from dataclasses import replace
from functools import cache

import pytest
import torch

from curvature.claims import Effort, ToyFlow, Verdict, check, claim, claims, verify
from curvature.expansion import Expansion
from curvature.prediction import Prediction

TESTED = [one.name for one in claims() if one.test]
WITH_COUNTEREXAMPLE = [one.name for one in claims() if one.expected in {Verdict.CONDITIONAL, Verdict.REFUTED}]


@cache
def outcome_of(name):
    """What a few cases make of a claim; each is checked when the first test asks for it."""
    return check(claim(name), Effort(examples=4, shrink=False))


@pytest.mark.parametrize("name", [one.name for one in claims()])
def test_verdicts_are_the_expected_ones(name):
    outcome = outcome_of(name)
    assert outcome.trouble == ""
    assert outcome.verdict is claim(name).expected
    assert not outcome.is_unexpected
    assert not outcome.is_alarming


@pytest.mark.parametrize(
    ("name", "verdict"), [("gaussian-exact", "holds"), ("hessian-sign", "holds under a condition")]
)
def test_some_verdicts_by_hand(name, verdict):
    assert outcome_of(name).verdict == verdict


@pytest.mark.parametrize("name", [one.name for one in claims() if one.evidence])
def test_evidence_is_made_of_true_facts(name):
    evidence = outcome_of(name).evidence
    facts = {**evidence.proofs, **evidence.refutations, **evidence.conditions}
    assert facts
    assert all(facts.values())
    assert evidence.method
    assert evidence.verdict is claim(name).expected
    assert (evidence.counterexample is not None) is evidence.refutes


@pytest.mark.parametrize("name", WITH_COUNTEREXAMPLE)
def test_what_does_not_hold_in_general_has_a_counterexample(name):
    found = outcome_of(name).counterexamples
    assert found
    for counterexample in found:
        assert not counterexample.evaluation.holds
        assert json.loads(json.dumps(counterexample.numbers())) == counterexample.numbers()
        assert all(side in str(counterexample) for side in counterexample.sides)


@pytest.mark.parametrize("name", sorted(set(WITH_COUNTEREXAMPLE) & set(TESTED)))
def test_counterexamples_violate_the_statement_when_run_from_their_numbers(name):
    found = outcome_of(name).counterexample
    if found is None:
        assert outcome_of(name).evidence.refutes
        pytest.skip("few examples: sympy alone refuted it")
    printed = io.StringIO()
    variables = {}
    with contextlib.redirect_stdout(printed):
        exec(found.snippet, variables)
    assert printed.getvalue().strip() == str(found.evaluation)
    assert claim(name).evaluate(variables["case"]) == found.evaluation


def test_the_counterexample_to_semi_definiteness_by_hand():
    case = outcome_of("hessian-sign").counterexample.case
    H = torch.autograd.functional.hessian(lambda x: case.model.log_prob(x[None])[0], case.point())
    top = torch.linalg.eigvalsh(H.reshape(case.model.dim, -1))[-1]
    assert float(top) == pytest.approx(outcome_of("hessian-sign").counterexample.evaluation.left)
    assert float(top) > 0


def test_shrinking_leaves_few_numbers():
    found = check(claim("swap-negates"), Effort(examples=10)).counterexample
    assert isinstance(found.case.p, ToyFlow)
    assert found.case.p.numbers.dim == 1
    assert found.case.p.numbers.levels == found.case.q.numbers.levels


def test_a_broken_route_is_found(monkeypatch):
    right = Expansion.trace

    def broken(self, moments, method="exact", **options):
        trace = right(self, moments, method, **options)
        return replace(trace, value=2 * trace.value) if method == "hvp" else trace

    monkeypatch.setattr(Expansion, "trace", broken)
    outcome = verify(["routes-agree"], examples=5)["routes-agree"]
    assert outcome.counterexample is not None
    assert "contradicts the proof" in outcome.trouble
    assert outcome.is_alarming


def test_a_wrong_sign_in_the_toolkit_is_found(monkeypatch):
    monkeypatch.setattr(Prediction, "total", property(lambda p: p.gradient - p.mean_shift + p.covariance))
    outcome = verify(["gaussian-exact"], examples=5)["gaussian-exact"]
    assert outcome.counterexample is not None
    assert outcome.is_alarming
