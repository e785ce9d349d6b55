"""Every long command, killed at random moments and given again, ends as one that nobody disturbed; nothing is left.

`KILLS` in the environment raises the number of kills of each command (`KILLS=20`), which `make test` keeps low.
"""

import os
import random

import pytest

from experiments.paper.reference_models.shipped import MODELS_VARIABLE
from tests.experiments.command_line.killing import (
    Command,
    command_line,
    contents,
    kill_after_some_changes,
    tiny_sweep_in,
)

KILLS = int(os.environ.get("KILLS", "2"))
LONGEST_PAUSE = 0.02  # seconds
TRIES = 4 * KILLS

pytestmark = pytest.mark.slow

MODEL = ["--model.levels", 1, "--model.steps", 1, "--model.width", 4]
TRAINING = ["--training.batch-size", 8, "--training.warmup-steps", 1, "--training.device", "cpu"]
TRAINING += ["--training.log-every", 1, "--training.checkpoint-every", 4]
EVALUATION = ["--evaluation.per-decade", 8, "--evaluation.n-images", 8]
INPUTS = ["--inputs", "constant=9", "--n-images", 8, "--nodes", 1, "--mean-curvature-points", 0]


def train(out):
    return (command_line, "train", "--out", out, *MODEL, *TRAINING, "--training.steps", 120, *EVALUATION)


def go_on_with_training(out):
    return (command_line, "train", "--resume", out) if (out / "checkpoint.safetensors").exists() else train(out)


def demo(out):
    return (command_line, "demo", "--out", out, "--n-images", 8, *MODEL, *TRAINING, "--training.steps", 60)


def sweep(out):
    return (tiny_sweep_in, out)


def compare_with(model):
    return lambda out: (command_line, "compare", "--model", model, "--out", out, *INPUTS)


def gaps(out):
    sizes = ["--n-bpd", 16, "--n-images", 8, "--nodes", 1, "--mean-curvature-points", 2]
    where = ["--out", out, "--work", out / "work", "--jobs", 2]
    return (command_line, "gaps", *where, *sizes, "--pairs", "china:flower")


def kill_again_and_again(command, out, changes, seed):
    """Kill a command `KILLS` times, each time after some changes, and let it end; no process of it may stay."""
    chance, kills = random.Random(seed), 0
    for number in range(TRIES):
        started = Command(*command(out), output=out.with_name(f"output{number}.txt"))
        if kills == KILLS:
            started.wait()
            assert started.left() == []
            return
        kills += kill_after_some_changes(started, out, chance.randint(1, changes), chance.uniform(0, LONGEST_PAUSE))
        assert started.left() == []
    raise AssertionError(f"{kills} of {TRIES} runs were killed before they ended; make the command's work longer")


def check(command, tmp_path, changes, seed, go_on=None):
    calm, killed = tmp_path / "calm" / "out", tmp_path / "killed" / "out"
    for path in (calm, killed):
        path.mkdir(parents=True)
    undisturbed = Command(*command(calm), output=tmp_path / "output.txt")
    undisturbed.wait()
    assert undisturbed.left() == []
    kill_again_and_again(go_on or command, killed, changes, seed)
    assert contents(killed) == contents(calm)


@pytest.fixture
def tiny_models(exported, monkeypatch):
    monkeypatch.setenv(MODELS_VARIABLE, str(exported))


def test_train(tmp_path):
    check(train, tmp_path, changes=30, seed=0, go_on=go_on_with_training)


def test_compare(tmp_path, tiny_run):
    check(compare_with(tiny_run.path), tmp_path, changes=10, seed=1)


def test_gaps_in_a_worker_process(tmp_path, tiny_models):
    check(gaps, tmp_path, changes=15, seed=2)


def test_sweep(tmp_path):
    check(sweep, tmp_path, changes=40, seed=3)


def test_demo(tmp_path):
    check(demo, tmp_path, changes=40, seed=4)
