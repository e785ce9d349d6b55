"""A real process, killed at random moments and started again until it ends: nothing lost, repeated or damaged."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from experiments.storage.run_directory import RunDirectory
from experiments.storage.tensor_file import read_tensors
from experiments.training.checkpoint import read_checkpoint
from experiments.training.evaluations import read_evaluations
from experiments.training.log import read_log
from experiments.training.snapshot import FORMAT, snapshot_path, snapshot_steps
from tests.experiments.training.killed import CONFIG, STEPS, train_or_go_on

ROOT = Path(__file__).parents[3]
KILLS = 3


def start(directory):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.experiments.training.killed", str(directory)], cwd=ROOT, stderr=subprocess.PIPE
    )


def lines_of(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def kill_after_some_rows(directory, rows, pause):
    """Start the run, and kill it a moment after it has logged some more rows; whether it was still at work."""
    process = start(directory)
    log, before = directory / "log.csv", None
    while process.poll() is None:
        if before is None and (directory / ".lock").exists():
            before = lines_of(log)
        if before is not None and abs(lines_of(log) - before) >= rows:
            break
        time.sleep(0.001)
    time.sleep(pause)
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=300)
    assert process.returncode in (-signal.SIGKILL, 0), errors.decode()
    return process.returncode != 0


def step_kept(run):
    """Step of the checkpoint, which must be whole, as every snapshot must be."""
    for step in snapshot_steps(run.snapshots_path):
        read_tensors(snapshot_path(run.snapshots_path, step), FORMAT)
    return read_checkpoint(run.checkpoint_path).step if run.checkpoint_path.exists() else 0


@pytest.mark.slow
def test_a_run_killed_at_any_moment_goes_on_exactly(tmp_path):
    chance = random.Random(5)
    run, kills = RunDirectory(tmp_path / "killed"), 0
    for _ in range(KILLS):
        kills += kill_after_some_rows(run.path, chance.randint(1, CONFIG.steps // KILLS), chance.uniform(0, 0.02))
        if run.log_path.exists() and read_log(run.log_path):
            redone = read_log(run.log_path)[-1].step - step_kept(run)
            assert 0 <= redone <= CONFIG.checkpoint_every
    assert kills, "every run ended before it could be killed"
    process = start(run.path)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        undisturbed = train_or_go_on(tmp_path / "undisturbed")
    finally:
        torch.set_num_threads(threads)

    rows, expected = read_log(run.log_path), read_log(undisturbed.log_path)
    assert [row.step for row in rows] == list(range(1, CONFIG.steps + 1))
    assert [row.bits_per_dim for row in rows] == [row.bits_per_dim for row in expected]
    assert [row.gradient_norm for row in rows] == [row.gradient_norm for row in expected]
    evaluations = read_evaluations(run.evaluations_path)
    assert [(row.step, row.input_set) for row in evaluations] == [(step, name) for step in STEPS for name in "ab"]
    assert run.evaluations_path.read_text() == undisturbed.evaluations_path.read_text()
    mine, other = read_checkpoint(run.checkpoint_path), read_checkpoint(undisturbed.checkpoint_path)
    assert mine.step == CONFIG.steps
    for group in ("model", "average", "optimizer"):
        assert all(torch.equal(getattr(mine, group)[name], t) for name, t in getattr(other, group).items())
    assert snapshot_steps(run.snapshots_path) == STEPS
    assert not list(run.path.rglob("*.tmp"))
