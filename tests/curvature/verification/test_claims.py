"""Every claim on few examples: its verdict, and that its counterexample is one when evaluated from numbers again."""

import contextlib
import io
import json

import pytest
import torch

from curvature.errors import UnknownNameError
from curvature.verification import CLAIMS, Verdict, check, claim, verify
from curvature.verification.flow_strategies import SMALLEST
from curvature.verification.identity_claims import circulant, linear_flows, two_channels
from curvature.verification.proofs import PROOFS, prove
from curvature.verification.toy_flow import ToyFlow

HOLD = {"gaussian-exact", "routes-agree", "attribution-sums", "gauss-newton-sign", "stein", "swap-not-both"}
REFUTED = {"swap-negates"}
CONDITIONAL = {claim.name for claim in CLAIMS} - HOLD - REFUTED


@pytest.fixture(scope="module")
def outcomes():
    tried = [check(one, examples=4, shrink=False) for one in CLAIMS]
    return {outcome.claim.name: outcome for outcome in tried}


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_verdicts(outcomes, name):
    outcome = outcomes[name]
    assert outcome.trouble == ""
    expected = Verdict.HOLDS if name in HOLD else Verdict.REFUTED if name in REFUTED else Verdict.CONDITIONAL
    assert outcome.verdict is expected
    assert not outcome.is_alarming


@pytest.mark.parametrize("name", sorted(CONDITIONAL | REFUTED))
def test_counterexamples_violate_the_statement_when_run_from_their_numbers(outcomes, name):
    found = outcomes[name].counterexample
    if found is None:
        assert outcomes[name].proof.verdict in {"refuted", "holds under a condition"}
        pytest.skip("few examples: sympy alone refuted it")
    printed = io.StringIO()
    variables = {}
    with contextlib.redirect_stdout(printed):
        exec(found.snippet, variables)
    assert printed.getvalue().strip() == str(found.evaluation)
    evaluation = claim(name).evaluate(variables["case"])
    assert not evaluation.holds
    assert evaluation == found.evaluation
    assert json.loads(json.dumps(found.numbers())) == found.numbers()


def test_the_counterexample_to_semi_definiteness_by_hand(outcomes):
    case = outcomes["hessian-sign"].counterexample.case
    H = torch.autograd.functional.hessian(lambda x: case.model.log_prob(x[None])[0], case.point())
    top = torch.linalg.eigvalsh(H.reshape(case.model.dim, -1))[-1]
    assert float(top) == pytest.approx(outcomes["hessian-sign"].counterexample.evaluation.left)
    assert float(top) > 0


def test_shrinking_leaves_few_numbers():
    found = check(claim("swap-negates"), examples=10).counterexample
    assert found.case.p.numbers.dim == 1
    assert found.case.p.numbers.levels == found.case.q.numbers.levels


def test_kernels_of_the_condition_meet_it():
    for flow in (circulant(), two_channels((1, 2))):
        case = claim("published-exact").condition.cases
        assert case is not None
        (kernel,) = [mixing.kernel for mixing in flow.channel_mixings()]
        torch.testing.assert_close(kernel.sum(1).square(), kernel.square().sum(0))


def test_a_broken_route_is_found(monkeypatch):
    from curvature.traces import trace

    def doubled(expansion, factor):
        right = trace.dense_trace(expansion, factor)
        return trace.Trace(2 * right.value, 0.0, None, "broken", 0)

    monkeypatch.setitem(trace.TRACE_ROUTES, "hvp", doubled)
    (outcome,) = verify(["routes-agree"], examples=5).outcomes
    assert outcome.counterexample is not None
    assert outcome.is_alarming


def test_a_wrong_sign_in_the_toolkit_is_found(monkeypatch):
    from curvature.prediction import Prediction

    monkeypatch.setattr(Prediction, "total", property(lambda p: p.gradient - p.mean_shift + p.covariance))
    (outcome,) = verify(["gaussian-exact"], examples=5).outcomes
    assert outcome.counterexample is not None
    assert outcome.is_alarming


def test_claims_are_described():
    for one in CLAIMS:
        assert one.statement[0].isupper()
        assert one.proof is None or one.proof in PROOFS
    with pytest.raises(UnknownNameError, match="did you mean 'stein'"):
        verify(["stien"])


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("quadratic log p", "holds"),
        ("semi-definite at the mode", "holds under a condition"),
        ("lower contrast, more likely", "holds under a condition"),
        ("constants extreme", "holds under a condition"),
        ("curvature along the path", "holds under a condition"),
        ("cubic remainder", "holds under a condition"),
    ],
)
def test_proofs_that_only_claims_need(name, verdict):
    assert prove(name).verdict == verdict


def test_linear_flows_are_what_gaussian_claims_draw():
    from hypothesis import find, settings

    flow = find(linear_flows(**SMALLEST), lambda flow: flow.dim > 1, settings=settings(database=None))
    assert isinstance(flow, ToyFlow)
    assert flow.numbers.is_piecewise_linear
