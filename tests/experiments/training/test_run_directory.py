"""Two runs in one directory, a full disk, and what killed writers leave behind."""

import errno
import os
from pathlib import Path

import pytest

from curvature.errors import RunDirectoryError
from experiments.training.checkpoint import read_checkpoint
from experiments.training.log import read_log
from experiments.training.loop import train


def test_a_run_that_another_process_trains_is_refused_until_that_one_is_dead(
    held_elsewhere, tiny_flow, images, short, new_run
):
    run = new_run()
    process = held_elsewhere(run.path)
    before = sorted(path.name for path in run.path.iterdir())
    with pytest.raises(RunDirectoryError, match=rf"is in use by process {process.pid} on .*; wait for it"):
        train(tiny_flow(), images, short, run)
    assert sorted(path.name for path in run.path.iterdir()) == before
    process.kill()
    process.wait()
    assert train(tiny_flow(), images, short, run).steps == 12


def test_a_disk_that_fills_up_keeps_the_last_checkpoint_and_the_run_can_go_on(
    trained, tiny_flow, images, short, new_run, monkeypatch
):
    """Half of the second checkpoint is written, then there is no room."""
    run, writes = new_run(), []
    write_bytes = Path.write_bytes

    def fill_up(path, content):
        if "checkpoint" in path.name:
            writes.append(path)
            if len(writes) == 2:
                write_bytes(path, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    message = r"checkpoint\.safetensors: cannot be written \(No space left on device\); check .* free space"
    with pytest.raises(RunDirectoryError, match=message):
        train(tiny_flow(), images, short, run)
    monkeypatch.undo()
    assert read_checkpoint(run.checkpoint_path).step == 5
    assert not list(run.path.glob(".*.tmp"))
    model = tiny_flow()
    train(model, images, short, run, resume=True)
    whole, whole_run, _ = trained
    assert all(a.equal(b) for a, b in zip(model.parameters(), whole.parameters(), strict=True))
    assert [row.bits_per_dim for row in read_log(run.log_path)] == [
        row.bits_per_dim for row in read_log(whole_run.log_path)
    ]


def test_what_killed_writers_left_is_removed(tiny_flow, images, short, new_run):
    run = new_run()
    leftovers = [run.path / ".checkpoint.safetensors.0a1b2c3d.tmp", run.path / ".log.csv.0a1b2c3d.tmp"]
    for path in leftovers:
        path.write_text("half")
    train(tiny_flow(), images, short, run)
    assert not any(path.exists() for path in leftovers)
