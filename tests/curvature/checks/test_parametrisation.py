"""The checks as tests of pytest: here on a right flow, and in a test run of their own on a wrong one."""

import subprocess
import sys
from pathlib import Path

import pytest

from curvature.checks import parametrize_with_flow_checks
from curvature.errors import UnknownNameError
from tests.curvature.checks.models import RightFlow, RightGaussian, dequantised_pixels

ROOT = Path(__file__).parents[3]

ON_A_WRONG_FLOW = """
from curvature.checks import parametrize_with_flow_checks
from tests.curvature.checks.models import Kinked, WrongConstant, dequantised_pixels

X = dequantised_pixels()


@parametrize_with_flow_checks(Kinked(), X, expected_failed_checks={"smoothness": "ReLU couplings"}, fast=True)
def test_kinked(check):
    check()


@parametrize_with_flow_checks(WrongConstant(), X, fast=True)
def test_wrong_constant(check):
    check()
"""


@parametrize_with_flow_checks(RightGaussian(), dequantised_pixels(), fast=True)
def test_a_right_flow(check):
    check()


@pytest.mark.slow
def test_a_wrong_flow_fails_its_check_and_an_expected_failure_does_not(tmp_path):
    (tmp_path / "test_own_flow.py").write_text(ON_A_WRONG_FLOW)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rxsf",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    summary = done.stdout.splitlines()
    expected = [line for line in summary if line.startswith("XFAIL")]
    failed = [line for line in summary if line.startswith("FAILED")]
    assert len(expected) == 1
    assert "test_kinked[smoothness] - ReLU couplings" in expected[0]
    assert {line.split("[")[1].split("]")[0] for line in failed} == {
        "change-of-variables",
        "sample-entropy",
        "integrates-to-one",
    }
    assert "evaluate_check('integrates-to-one', flow, x, case, fast=True)" in done.stdout
    assert any("log p is not quadratic" in line for line in summary if line.startswith("SKIPPED"))


def test_checks_that_do_not_exist_are_named_when_tests_are_collected():
    with pytest.raises(UnknownNameError, match="did you mean 'stein'"):
        parametrize_with_flow_checks(RightFlow(), dequantised_pixels(), expected_failed_checks={"stien": "?"})
