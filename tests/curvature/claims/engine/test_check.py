"""What `check` and `search` make of made-up claims: refuted, conditional, undecided, and in agreement with sympy."""

import math
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from curvature.claims import (
    Claim,
    Condition,
    Counterexample,
    Effort,
    Evaluation,
    Evidence,
    Outcome,
    RandomTest,
    Verdict,
    check,
    search,
)
from curvature.claims.strategies import eighths
from curvature.property_testing.counterexample import plain

FACTS = {
    Verdict.HOLDS: {"proofs": {"a": True}},
    Verdict.REFUTED: {"refutations": {"a": True}},
    Verdict.CONDITIONAL: {"refutations": {"a": True}, "conditions": {"b": True}},
    Verdict.UNDECIDED: {},
}


def claim(evaluate, *, cases=None, condition=None, essential=False, expected=Verdict.HOLDS, evidence=None):
    test = RandomTest(cases or (lambda models: eighths()), evaluate, sides=("x^2", "x"))
    return Claim(
        name="made-up",
        order=1,
        statement="made up",
        equations=(),
        expected=expected,
        essential=essential,
        condition=condition,
        test=test,
        evidence=evidence,
    )


def square_is_larger(x):
    return Evaluation(x * x, ">=", x, 1e-12)


def square_is_positive(x):
    return Evaluation(x * x, ">=", 0.0, 0.0)


def test_a_wrong_claim_is_refuted_by_its_simplest_counterexample():
    outcome = check(claim(square_is_larger), Effort(examples=50))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample.case == 0.5
    assert str(outcome.counterexample.evaluation) == "0.25 < 0.5"
    assert outcome.is_unexpected
    assert not outcome.is_alarming
    assert check(claim(square_is_larger, essential=True), Effort(examples=50)).is_alarming
    as_expected = check(claim(square_is_larger, essential=True, expected=Verdict.REFUTED), Effort(examples=50))
    assert not as_expected.is_unexpected
    assert not as_expected.is_alarming


def test_a_true_claim_holds():
    outcome = check(claim(square_is_positive, essential=True), Effort(examples=20))
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.counterexample is None
    assert outcome.cases > 20
    assert not outcome.is_alarming
    assert outcome.tested_by == "property"


def test_a_condition_is_tried_as_well():
    whole = Condition("whole numbers", meets=lambda x: x == int(x), cases=None)
    outcome = check(claim(square_is_larger, condition=whole), Effort(examples=50))
    assert outcome.verdict is Verdict.CONDITIONAL
    assert outcome.counterexample.case == 0.5
    assert outcome.cases_under_condition > 20
    drawn = Condition("from one on", cases=lambda **size: eighths().map(lambda x: 1 + abs(x)))
    assert check(claim(square_is_larger, condition=drawn), Effort(examples=50)).verdict is Verdict.CONDITIONAL
    too_weak = Condition("positive", meets=lambda x: x > 0)
    outcome = check(claim(square_is_larger, condition=too_weak), Effort(examples=50))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample_under_condition.case == 0.5


@pytest.mark.parametrize(
    ("made_up", "words"),
    [
        (claim(square_is_larger, condition=Condition("never", meets=lambda x: False)), "met the condition"),
        (claim(square_is_positive, cases=lambda models: st.nothing()), "no case"),
        (claim(lambda x: (_ for _ in ()).throw(RuntimeError("no\nroots"))), "RuntimeError: no roots at 0.0"),
    ],
)
def test_what_cannot_be_decided_says_why(made_up, words):
    outcome = check(made_up, Effort(examples=30))
    assert outcome.verdict is Verdict.UNDECIDED
    assert words in outcome.trouble
    assert outcome.is_alarming


@pytest.mark.parametrize(
    ("evaluate", "by_sympy", "verdict", "words"),
    [
        (square_is_larger, "holds", Verdict.UNDECIDED, "a case contradicts the proof"),
        (square_is_larger, "undecided", Verdict.UNDECIDED, "sympy could not decide"),
        (square_is_larger, "refuted", Verdict.REFUTED, ""),
        (square_is_larger, "holds under a condition", Verdict.UNDECIDED, "under the condition"),
        (square_is_positive, "holds", Verdict.HOLDS, ""),
        (square_is_positive, "refuted", Verdict.CONDITIONAL, ""),
    ],
)
def test_cases_and_sympy_must_agree(evaluate, by_sympy, verdict, words):
    condition = Condition("any", meets=lambda x: True)
    made_up = claim(evaluate, evidence=lambda: Evidence("by hand", **FACTS[by_sympy]), condition=condition)
    outcome = check(made_up, Effort(examples=10))
    assert outcome.verdict is verdict
    assert words in outcome.trouble
    assert outcome.tested_by == "property + sympy"


@pytest.mark.parametrize("verdict", FACTS)
def test_sympy_decides_alone_where_there_are_no_cases(verdict):
    counted = []
    made_up = replace(claim(None, evidence=lambda: Evidence("by hand", **FACTS[verdict])), test=None)
    outcome = check(made_up, Effort(on_case=lambda: counted.append(1)))
    assert outcome.verdict is verdict
    assert outcome.tested_by == "sympy"
    assert outcome.is_unexpected is (verdict is not Verdict.HOLDS)
    assert outcome.is_alarming is (verdict is Verdict.UNDECIDED)
    assert counted == [1]


def test_the_same_seed_tries_the_same_cases():
    def seen(seed):
        cases = []
        search(eighths(8), lambda x: bool(cases.append(x)), Effort(30, seed))
        return cases

    assert seen(1) == seen(1)
    assert seen(1) != seen(2)


def test_every_case_is_reported():
    calls = []
    found = search(eighths(), lambda x: x == 2.0, Effort(200, on_case=lambda: calls.append(1)))
    assert found.case == 2.0
    assert len(calls) >= found.cases


def test_not_a_number_violates_every_relation():
    for relation in ("==", "<=", ">="):
        evaluation = Evaluation(math.nan, relation, 0.0, 1.0)
        assert not evaluation.holds
        assert evaluation.violation == math.inf


def test_anything_becomes_plain():
    assert plain({1}) == "{1}"
    assert plain((1, "a", None, 0.5)) == [1, "a", None, 0.5]
    counterexample = Counterexample(Evaluation(1.0, "==", 2.0), Evaluation(1.0, "==", 2.0), ("one", "two"))
    assert counterexample.numbers() == {"left": 1.0, "relation": "==", "right": 2.0, "tolerance": 0.0}


def test_a_counterexample_under_a_condition_that_was_not_tried_leaves_it_refuted():
    found = Counterexample(0.5, square_is_larger(0.5), ("x^2", "x"))
    outcome = Outcome(claim(square_is_larger), cases=1, counterexample=found)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexamples == (found,)
    assert str(found) == "0.5: x^2 against x: 0.25 < 0.5"
