"""`likelihood-curvature check`: the table, the programs, exit codes, and one line for every mistake."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from analysis.representation import UNIFORM
from experiments.command_line import main
from tests.experiments.models.cases import glow, images

MODELS = """
import torch
from torch import nn

class Gaussian(nn.Module):
    def __init__(self, shift=0.0):
        super().__init__()
        self.register_buffer("constant", torch.tensor(-1.8378770664093453 + shift))
        self.eval()

    def log_prob(self, x):
        return self.constant - x.square().sum(1) / 2

def right():
    return Gaussian()

def wrong(shift=0.5):
    return Gaussian(shift)

def fails():
    raise OSError("no weights here")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "flows_of_the_check_test.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    np.save("mine.npy", np.random.default_rng(0).normal(size=(8, 2)))
    np.savez("two.npz", a=np.zeros((3, 2)), b=np.zeros((3, 2)))
    yield tmp_path
    sys.modules.pop("flows_of_the_check_test", None)


def check(factory, *arguments):
    main(["check", f"flows_of_the_check_test:{factory}", *arguments])


def test_a_right_model_passes_and_nothing_is_left_behind(here, capsys):
    before = set(here.iterdir())
    check("right", "--inputs", "mine.npy", "--fast")
    printed = capsys.readouterr().out
    assert "Checks of flows_of_the_check_test:right" in printed
    assert "gaussian-identities" in printed
    assert "the model has no sample(n)" in " ".join(printed.split())
    assert "failed" not in printed
    assert set(here.iterdir()) == before


def test_a_failed_check_exits_with_one_and_prints_a_program_that_runs(here, capsys):
    with pytest.raises(SystemExit) as stop:
        check("wrong", "--inputs", "mine.npy", "--fast")
    assert stop.value.code == 1
    printed = capsys.readouterr().out
    assert "2 failed" in printed
    _, program = printed.split("integrates-to-one, smallest counterexample:\n")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    left, verb, right = done.stdout.split()
    assert (verb, right) == ("!=", "1")
    assert float(left) == pytest.approx(np.exp(0.5), rel=1e-3)


def test_arguments_of_the_factory_make_the_model_and_are_in_the_program(here, capsys):
    check("wrong", "--inputs", "mine.npy", "--fast", "--model-args", "shift=0.0")
    assert "failed" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        check("wrong", "--inputs", "mine.npy", "--fast", "--model-args", "shift=0.25")
    assert "load_own_density('flows_of_the_check_test:wrong', {'shift': 0.25}, x)" in capsys.readouterr().out


def test_expected_failures_do_not_fail(here, capsys):
    reasons = ["gaussian-identities=unnormalised", "integrates-to-one=unnormalised on purpose"]
    check("wrong", "--inputs", "mine.npy", "--fast", "--expect-failure", *reasons)
    printed = " ".join(capsys.readouterr().out.split())
    assert "2 expected failure" in printed
    assert "unnormalised on purpose (integral of p" in printed


def test_a_trained_model_is_checked_on_its_training_images(monkeypatch, capsys):
    from experiments.command_line import density_option

    flow = glow((1, 4, 4), levels=1, steps=1).float().eval()

    class Trained:
        model = flow
        train_images = torch.nn.Module()
        representation = UNIFORM

    Trained.train_images.head = lambda count: (256 * images(flow, 8)).byte()
    monkeypatch.setattr(density_option, "open_model", lambda name, own: Trained)
    main(["check", "cifar10", "--fast"])
    printed = capsys.readouterr().out
    assert "Checks of cifar10" in printed
    assert "bits-per-dim                 passed" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["right"], ["--inputs", "FILE.npy"]),
        (["rihgt", "--inputs", "mine.npy"], ["did you mean 'right'"]),
        (["right", "--inputs", "mine.npy", "--train-inputs", "mine.npy"], ["leave one of the two out"]),
        (["right", "--inputs", "mine.npy", "--model-args", "shift=1"], ["unexpected keyword argument 'shift'"]),
        (["fails", "--inputs", "mine.npy"], ["OSError: no weights here"]),
        (["right", "--inputs", "nowhere.npy"], ["nowhere.npy: there is no such file"]),
        (["right", "--inputs", "two.npz"], ["holds the arrays a, b; say which: two.npz:a"]),
        (["right", "--inputs", "mine.npy", "--expect-failure", "stein"], ["expected NAME=REASON, got 'stein'"]),
        (["right", "--inputs", "mine.npy", "--expect-failure", "stien=a"], ["did you mean 'stein'"]),
    ],
)
def test_mistakes_are_one_line(here, arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        check(*arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("likelihood-curvature: ")
    assert all(word in line for word in words)
