"""Two real processes that torchrun started, against one: the same training, and nobody left waiting."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch

from curvature.errors import ConfigError
from experiments.storage.run_directory import RunDirectory
from experiments.training.checkpoint import read_checkpoint
from experiments.training.errors import OtherProcessError, TrainingInterrupted
from experiments.training.evaluations import read_evaluations
from experiments.training.log import read_log
from experiments.training.loop import train
from experiments.training.processes import Processes, joined_processes
from experiments.training.told_once import is_told_here
from tests.experiments.training.together import CONFIG, make_images, make_model, observers

ROOT = Path(__file__).parents[3]
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What two processes left: a directory of runs and of what each process said."""
    out = tmp_path_factory.mktemp("together")
    command = [sys.executable, *TORCHRUN, "-m", "tests.experiments.training.together", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert all((out / f"end.{index}.txt").exists() for index in (0, 1)), done.stderr[-3000:]
    return out


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    run = RunDirectory.create(tmp_path_factory.mktemp("alone") / "run", {"training": CONFIG})
    train(make_model(), make_images(), CONFIG, run, observers=observers(run))
    return run


def said(out, name):
    """The lines of both processes."""
    return [(out / f"{name}.{index}.txt").read_text().splitlines() for index in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "accumulated", "interrupted"])
def test_two_processes_train_as_one(together, alone, name):
    run = RunDirectory(together / name)
    mine, other = read_log(run.log_path), read_log(alone.log_path)
    assert [row.step for row in mine] == [row.step for row in other]
    for row, expected in zip(mine, other, strict=True):
        assert row.bits_per_dim == pytest.approx(expected.bits_per_dim, rel=1e-10)
        assert row.gradient_norm == pytest.approx(expected.gradient_norm, rel=1e-8)
    checkpoint, reference = read_checkpoint(run.checkpoint_path), read_checkpoint(alone.checkpoint_path)
    assert checkpoint.step == reference.step == CONFIG.steps
    assert checkpoint.identity == reference.identity
    for group in ("model", "average", "optimizer"):
        for tensor_name, tensor in getattr(reference, group).items():
            torch.testing.assert_close(getattr(checkpoint, group)[tensor_name], tensor, rtol=1e-7, atol=1e-9)
    pairs = zip(read_evaluations(run.evaluations_path), read_evaluations(alone.evaluations_path), strict=True)
    for row, expected in pairs:
        assert (row.step, row.input_set, row.n_images) == (expected.step, expected.input_set, expected.n_images)
        assert row.bpd == pytest.approx(expected.bpd, rel=1e-8)


@pytest.mark.slow
def test_both_processes_hold_the_same_bits(together):
    for name in ("plain", "accumulated"):
        first, second = said(together, name)
        assert first[0] == second[0]
        assert first[0].startswith("[")


@pytest.mark.slow
def test_ctrl_c_in_one_process_stops_both_after_the_same_step_and_resuming_changes_nothing(together):
    # Pressed within step 4, told to the others with the gradients of step 5.
    for lines in said(together, "interrupted"):
        assert lines[0].startswith("TrainingInterrupted: training interrupted, step 5 is kept")
    plain = read_checkpoint(together / "plain" / "checkpoint.safetensors")
    resumed = read_checkpoint(together / "interrupted" / "checkpoint.safetensors")
    assert all(torch.equal(tensor, plain.model[name]) for name, tensor in resumed.model.items())


@pytest.mark.slow
def test_a_loss_that_is_not_finite_in_one_process_stops_both(together):
    for (line,) in said(together, "broken"):
        assert line.startswith("NonFiniteTrainingError: training stopped at step 4: log_prob is not finite")


@pytest.mark.slow
def test_a_full_disk_and_a_refused_directory_stop_both(together):
    (main,), (other,) = said(together, "full")
    assert main.startswith("RunDirectoryError: log.csv: cannot be written (No space left on device)")
    assert other.startswith("OtherProcessError: the main process could not go on")
    (_, main), (_, other) = said(together, "plain")
    assert main.startswith("RunDirectoryError")
    assert other.startswith("OtherProcessError")
    assert all("already holds a checkpoint" in line for line in (main, other))


@pytest.mark.slow
def test_a_bug_in_the_main_process_leaves_nobody_waiting(together):
    (main,), (other,) = said(together, "bug")
    assert main.startswith("ZeroDivisionError")
    assert other.startswith("OtherProcessError: ZeroDivisionError")


@pytest.mark.slow
def test_other_images_in_one_process_and_too_small_batches_are_refused_by_both(together):
    for (line,) in said(together, "refused"):
        assert line.startswith("ConfigError: processes 1: have another model, settings or images than process 0")
    for (line,) in said(together, "small"):
        assert "batch_size: expected at least 4, an image for each of 2 processes x 2 parts, got 2" in line


def test_shares_make_up_the_whole():
    for count in (1, 2, 3, 7):
        shares = [list(range(20))[Processes(torch.device("cpu"), i, count).share(20)] for i in range(count)]
        assert list(chain.from_iterable(shares)) == list(range(20))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.slow
def test_images_that_one_process_cannot_read_stop_both(together):
    (main,), (other,) = said(together, "elsewhere")
    assert main == "ToolkitError: process 1: no images here"
    assert other == "OtherProcessError: no images here"


@pytest.mark.parametrize(
    ("rank", "error", "is_told"),
    [
        (None, ConfigError("no"), True),
        ("0", ConfigError("no"), True),
        ("1", ConfigError("no"), False),
        ("0", OtherProcessError("no"), False),
        ("1", KeyboardInterrupt(), False),
    ],
)
def test_one_process_tells_an_error(rank, error, is_told, monkeypatch):
    if rank is None:
        monkeypatch.delenv("LOCAL_RANK", raising=False)
    else:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert is_told_here(error) is is_told


@pytest.mark.parametrize("index", [0, 1])
def test_only_the_main_process_keeps_the_kind_of_an_error(index, monkeypatch):
    processes = Processes(torch.device("cpu"), index, count=2)
    monkeypatch.setattr(Processes, "join", lambda device: processes)
    monkeypatch.setattr(Processes, "leave", lambda self: None)
    kind = TrainingInterrupted if index == 0 else OtherProcessError
    with pytest.raises(kind, match="step 3 is kept") as caught, joined_processes("cpu"):
        raise TrainingInterrupted(3, Path("run"))
    assert type(caught.value) is kind
    assert caught.value.exit_code == 130


def test_a_process_alone_needs_no_one():
    processes = Processes.join("cpu")
    assert processes.is_main
    assert processes.from_main(int) == 0
    assert processes.gather("a") == ["a"]
    assert processes.in_all(int) == 0
    with pytest.raises(ConfigError, match=r"^no$"):
        processes.in_all(refuse)
    with pytest.raises(ConfigError):
        processes.from_main(refuse)


def refuse():
    raise ConfigError("no")
