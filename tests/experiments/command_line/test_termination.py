"""SIGTERM stops a command as Ctrl-C does: what it has reached is kept, no process stays, and it can be given again."""

import time

import pytest

from experiments.paper.reference_models.shipped import MODELS_VARIABLE
from experiments.storage.directory_lock import LOCK
from experiments.training.checkpoint import read_checkpoint
from experiments.training.log import read_log
from tests.experiments.command_line.killing import Command, command_line

pytestmark = pytest.mark.slow

TERMINATED = 143
MODEL = ["--model.levels", 1, "--model.steps", 1, "--model.width", 4]
ENDLESS = ["--training.steps", 10**6, "--training.checkpoint-every", 10**6, "--training.log-every", 1]
ENDLESS += ["--training.batch-size", 8, "--training.device", "cpu"]


def wait_until(condition, command):
    deadline = time.monotonic() + 120
    while not condition():
        assert not command.has_ended, command.output.read_text()
        assert time.monotonic() < deadline, command.output.read_text()
        time.sleep(0.01)


def reached(run):
    """The last step of a run's log."""
    path = run / "log.csv"
    rows = read_log(path) if path.exists() else []
    return rows[-1].step if rows else 0


def terminate_and_go_on(arguments, again, run, output):
    """Terminate a command that trains in `run`, and again after it has gone on; what it printed the first time."""
    kept = 0
    for number, given in enumerate((arguments, again)):
        path = output.with_name(f"output{number}.txt")
        command = Command(command_line, *given, output=path)
        wait_until(lambda: reached(run) > kept + 2, command)  # noqa: B023 - it is called at once
        command.terminate()
        command.wait(TERMINATED)
        assert command.left() == []
        assert not (run / LOCK).exists()
        steps = [row.step for row in read_log(run / "log.csv")]
        assert steps == list(range(1, len(steps) + 1))
        kept = read_checkpoint(run / "checkpoint.safetensors").step
        assert kept == steps[-1]
    return output.with_name("output0.txt").read_text().splitlines()[-1]


def test_train(tmp_path):
    out = tmp_path / "run"
    start = ["train", "--out", out, "--data.train-set", "digits", *MODEL, *ENDLESS, "--evaluation.per-decade", 0]
    last = terminate_and_go_on(start, ["train", "--resume", out], out, tmp_path / "output")
    assert last.endswith(f"to go on: likelihood-curvature train --resume {out}")


def test_demo(tmp_path):
    start = ["demo", "--out", tmp_path / "demo", "--n-images", 8, *MODEL, *ENDLESS]
    last = terminate_and_go_on(start, start, tmp_path / "demo" / "china", tmp_path / "output")
    assert last.endswith("run it again to go on")
    assert reached(tmp_path / "demo" / "flower") > 0


def test_sweep_whose_workers_get_the_signal_too(tmp_path):
    start = ["sweep", "--train-sets", "digits", "--out", tmp_path / "sweep", "--workers", 1, "--steps", 10**6]
    run = tmp_path / "sweep" / "digits-laptop-0"
    command = Command(command_line, *start, output=tmp_path / "output.txt")
    wait_until(lambda: reached(run) > 0, command)
    command.terminate(everyone=True)
    said = command.wait(TERMINATED)
    assert "stopping: running jobs keep what they have reached" in said
    assert "digits-laptop-0: interrupted" in said
    assert said.splitlines()[-1].endswith("give the same command again to go on")
    assert command.left() == []
    assert read_checkpoint(run / "checkpoint.safetensors").step >= reached(run) > 0


def test_gaps_in_two_processes_that_get_the_signal_too(tmp_path, exported, monkeypatch):
    monkeypatch.setenv(MODELS_VARIABLE, str(exported))
    work = tmp_path / "work"
    start = ["gaps", "--out", tmp_path / "out", "--work", work, "--jobs", 2, "--pairs", "china:flower", "flower:china"]
    start += ["--n-images", 64, "--mean-curvature-points", 0]
    command = Command(command_line, *start, output=tmp_path / "output.txt")
    wait_until(lambda: all(list(work.glob(f"{name}/bpd/*.csv")) for name in ("china", "flower")), command)
    command.terminate(everyone=True)
    assert command.wait(TERMINATED).endswith("likelihood-curvature: interrupted\n")
    assert command.left() == []
    assert not list(tmp_path.rglob(LOCK))
    assert not list(tmp_path.rglob("*.tmp"))


def test_compare(tmp_path, tiny_run):
    start = ["compare", "--model", tiny_run.path, "--out", tmp_path / "out", "--n-images", 2000]
    command = Command(command_line, *start, output=tmp_path / "output.txt")
    wait_until((tmp_path / "out" / "config.json").exists, command)
    command.terminate()
    assert command.wait(TERMINATED) == "likelihood-curvature: interrupted\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["config.json"]
