"""`check_flow` as a user calls it: results, expected failures, what happens on failure, refusals."""

import doctest

import pytest
import torch
from torch import nn

import curvature.checks
import curvature.checks.engine.parametrisation
from curvature import check_flow
from curvature.checks import CheckResult, FailedCheckWarning, Status, checks
from curvature.errors import (
    DtypeError,
    FailedCheckError,
    NonFiniteError,
    OptionError,
    ShapeError,
    TrainingModeError,
    UnknownNameError,
)
from tests.curvature.checks.models import Kinked, RightFlow, dequantised_pixels
from tests.curvature.densities import Gaussian, randn, random_spd

X = dequantised_pixels()


def by_name(results):
    return {result.name: result for result in results}


def test_a_right_flow_passes_and_is_left_as_it_is():
    flow = RightFlow()
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    results = check_flow(flow, X, fast=True)
    assert [result.name for result in results] == [check.name for check in checks()]
    assert {result.status for result in results} <= {Status.PASSED, Status.SKIPPED}
    assert all(
        torch.equal(value, before[name]) and value.dtype == torch.float32 for name, value in flow.state_dict().items()
    )
    assert all(parameter.requires_grad for parameter in flow.parameters())
    assert not flow.training


def test_a_failure_is_raised_with_the_program_that_shows_it():
    with pytest.raises(FailedCheckError) as raised:
        check_flow(Kinked(), X, fast=True)
    message = str(raised.value)
    assert f"1 of {len(checks())} checks failed" in message
    assert "smoothness: failed: " in message
    assert "print(evaluate_check('smoothness', flow, x, case, fast=True))" in message
    assert isinstance(raised.value, AssertionError)


def test_failures_are_warnings_if_asked_for():
    with pytest.warns(FailedCheckWarning, match="smoothness: failed") as caught:
        results = check_flow(Kinked(), X, fast=True, on_fail="warn")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert by_name(results)["smoothness"].status is Status.FAILED


def test_failures_are_results_alone_if_asked_for():
    results = check_flow(Kinked(), X, fast=True, on_fail=None)
    failed = [result for result in results if result.status is Status.FAILED]
    assert [result.name for result in failed] == ["smoothness"]
    assert failed[0].counterexample.snippet.startswith("from curvature.checks import ")


def test_an_expected_failure_keeps_its_reason_and_is_not_raised():
    results = check_flow(
        Kinked(), X, fast=True, expected_failed_checks={"smoothness": "ReLU couplings", "stein": "none"}
    )
    smoothness, stein = by_name(results)["smoothness"], by_name(results)["stein"]
    assert smoothness.status is Status.EXPECTED_FAILURE
    assert smoothness.reason.startswith("ReLU couplings (")
    assert smoothness.counterexample is not None
    assert stein.status is Status.PASSED
    assert "though it was expected to fail: none" in stein.reason


def test_what_a_model_lacks_is_skipped_and_said():
    results = by_name(check_flow(Gaussian(randn(3, seed=1), random_spd(3, 2)), randn(6, 3, seed=3), fast=True))
    assert results["gaussian-identities"].status is Status.PASSED
    for name, word in (("inverse-round-trip", "forward"), ("stein", "sample(n)"), ("integrates-to-one", "D = 3")):
        assert results[name].status is Status.SKIPPED
        assert word in results[name].reason


def test_functions_methods_and_distributions_are_flows():
    distribution = torch.distributions.MultivariateNormal(torch.zeros(2).double(), random_spd(2, 4))
    x = randn(6, 2, seed=5)
    for flow in (distribution, distribution.log_prob, lambda x: distribution.log_prob(x), RightFlow().log_prob):
        results = by_name(check_flow(flow, X if isinstance(getattr(flow, "__self__", 0), RightFlow) else x, fast=True))
        assert results["integrates-to-one"].status is Status.PASSED
    assert by_name(check_flow(distribution, x, fast=True))["sample-entropy"].status is Status.PASSED


def log_prob_of_this_module(x):
    return -0.25 * x.square().sum(1)


def test_the_program_imports_a_function_that_can_be_imported():
    results = by_name(check_flow(log_prob_of_this_module, randn(5, 2, seed=1), fast=True, on_fail=None))
    snippet = results["integrates-to-one"].counterexample.snippet
    assert "from tests.curvature.checks.test_check_flow import log_prob_of_this_module as flow" in snippet
    variables = {"x": randn(5, 2, seed=1)}
    exec(snippet, variables)
    assert variables["flow"] is log_prob_of_this_module


class Raises(nn.Module):
    def log_prob(self, x):
        if x.shape[0] == 1:
            raise RuntimeError("a batch of one\nis too small")
        return -x.square().sum(1)


def test_what_a_model_raises_is_told_as_a_failure():
    results = by_name(check_flow(Raises().eval(), randn(5, 2, seed=1), fast=True, on_fail=None))
    assert results["deterministic"].status is Status.FAILED
    assert results["deterministic"].reason == "RuntimeError: a batch of one is too small"
    assert "Point()" in results["deterministic"].counterexample.snippet


@pytest.mark.parametrize(
    ("flow", "x", "error", "words"),
    [
        (RightFlow().train(), X, TrainingModeError, "model.eval()"),
        (RightFlow(), X[0], ShapeError, r"x: log_prob failed on a batch of shape \(2,\)"),
        (RightFlow(), X[:, :1], ShapeError, r"x: log_prob failed on a batch of shape \(2, 1\)"),
        (RightFlow(), X[:0], ShapeError, "N > 0"),
        (RightFlow(), X * torch.nan, NonFiniteError, "x: 24 of 24 values"),
        (RightFlow(), (255 * X).byte(), DtypeError, "dequantise"),
        (RightFlow(), [[0.1, 0.2]], DtypeError, "x: expected a NumPy array or a torch tensor"),
        (nn.Linear(2, 1).eval(), X, OptionError, "Linear has no method log_prob"),
        ("flow", X, DtypeError, "expected a module or a function"),
        (lambda x: x, X, ShapeError, "one number a sample"),
    ],
)
def test_mistakes_are_named(flow, x, error, words):
    with pytest.raises(error, match=words):
        check_flow(flow, x)


def test_names_and_modes_that_do_not_exist_are_named():
    with pytest.raises(UnknownNameError, match="did you mean 'smoothness'"):
        check_flow(RightFlow(), X, expected_failed_checks={"smoothnes": "ReLU"})
    with pytest.raises(OptionError, match="on_fail: expected 'raise', 'warn' or None, got 'print'"):
        check_flow(RightFlow(), X, on_fail="print")


def test_a_result_is_one_line():
    assert str(CheckResult("stein", Status.SKIPPED, "no sample(n)")) == "stein: skipped: no sample(n)"


@pytest.mark.parametrize("module", [curvature.checks, curvature.checks.engine.parametrisation])
def test_the_examples_in_docstrings_run(module):
    assert doctest.testmod(module).failed == 0
