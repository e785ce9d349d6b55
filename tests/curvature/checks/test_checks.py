"""Every check passes on right models and fails on one that is wrong in exactly that way."""

import pytest

from curvature.checks import Status, checks, evaluate_check
from curvature.checks.engine.running import run_check
from curvature.checks.engine.subject import Subject
from curvature.errors import ToolkitError
from tests.curvature.checks.models import RIGHT, WRONG, dequantised_pixels, jittered

NAMES = [check.name for check in checks()]


@pytest.fixture(scope="module", params=RIGHT)
def right(request):
    return Subject.of(jittered(RIGHT[request.param]), dequantised_pixels())


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_no_check_fails_on_a_right_model(right, check):
    result = run_check(check, right)
    assert result.status in {Status.PASSED, Status.SKIPPED}, str(result)
    assert result.counterexample is None


def test_every_check_passes_on_a_right_model():
    subjects = [Subject.of(model(), dequantised_pixels(), fast=True) for model in RIGHT.values()]
    passed = [{run_check(check, subject, seed=1).status for subject in subjects} for check in checks()]
    assert all(Status.PASSED in statuses for statuses in passed)


def test_every_check_has_a_wrong_model():
    assert {name for name, _ in WRONG} == set(NAMES)


@pytest.mark.parametrize(("name", "model"), WRONG, ids=lambda value: getattr(value, "__name__", value))
def test_a_check_fails_on_a_model_made_wrong_in_that_way(name, model, capsys):
    flow, x = model(), dequantised_pixels()
    (check,) = (check for check in checks() if check.name == name)
    result = run_check(check, Subject.of(flow, x))
    assert result.status is Status.FAILED, str(result)
    assert result.reason
    found = result.counterexample
    variables = {"flow": flow, "x": x}
    program = compile(found.snippet, "counterexample", "exec")
    if found.evaluation.left == found.evaluation.left:
        exec(program, variables)
        assert variables["case"] == found.case
        assert not evaluate_check(name, flow, x, found.case).holds
        assert str(found.evaluation) in result.reason
    else:  # the model raised
        with pytest.raises((RuntimeError, ToolkitError)):
            exec(program, variables)


def test_counterexamples_are_small():
    (check,) = (check for check in checks() if check.name == "change-of-variables")
    model = dict(WRONG)["change-of-variables"]
    found = run_check(check, Subject.of(model(), dequantised_pixels())).counterexample
    assert repr(found.case) == "Point()"


def test_the_same_seed_tries_the_same_cases():
    subject = Subject.of(dict(WRONG)["smoothness"](), dequantised_pixels())
    (check,) = (check for check in checks() if check.name == "smoothness")
    first, second = (run_check(check, subject, seed=4) for _ in range(2))
    assert first == second


def test_the_share_of_kinks_is_told():
    (check,) = (check for check in checks() if check.name == "smoothness")
    result = run_check(check, Subject.of(dict(WRONG)["smoothness"](), dequantised_pixels()))
    assert "kinks hold" in result.reason
    assert "%" in result.reason


def test_names_are_those_of_files_and_orders_differ():
    assert all(check.evaluate.__module__ == f"curvature.checks.{check.name.replace('-', '_')}" for check in checks())
    assert len({check.order for check in checks()}) == len(checks()) > 25
    assert all(check.statement and check.source for check in checks())
