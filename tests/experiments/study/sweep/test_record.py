"""The sweep's directory: the same sweep again, and everything that is refused."""

import json

import pytest

from curvature.errors import RunDirectoryError
from experiments.storage.directory_lock import LOCK
from experiments.study.sweep.planning import plan_jobs
from experiments.study.sweep.record import sweep_directory
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep


def enter(out, **changes):
    config = tiny_sweep(**changes)
    with sweep_directory(out, config, plan_jobs(config, out, tiny_experiment)):
        return sorted(path.name for path in out.iterdir() if path.name != LOCK)


def test_the_record_and_the_run_directories_are_there(tmp_path):
    out = tmp_path / "a" / "out"
    expected = ["digits-short-0", "digits-short-1", "sweep.json"]
    assert enter(out, seeds=(0, 1)) == expected
    assert enter(out, seeds=(0, 1)) == expected
    assert json.loads((out / "digits-short-1" / "config.json").read_text())["training"]["seed"] == 1


def test_another_sweep_is_refused_with_what_differs(tmp_path):
    enter(tmp_path / "out")
    before = (tmp_path / "out" / "sweep.json").read_bytes()
    with pytest.raises(RunDirectoryError, match=r"holds another sweep \(seeds: \[0\] -> \[1\]; n_images: 6 -> 8\)"):
        enter(tmp_path / "out", seeds=(1,), n_images=8)
    assert (tmp_path / "out" / "sweep.json").read_bytes() == before
    assert not (tmp_path / "out" / "digits-short-1").exists()


def test_another_run_in_a_jobs_place_is_refused(tmp_path):
    enter(tmp_path / "out")
    (tmp_path / "out" / "sweep.json").unlink()
    (tmp_path / "out" / "digits-short-0" / "job.log").write_text("begun")
    with pytest.raises(RunDirectoryError, match=r"another configuration \(data.patch_size: 8 -> 4\)"):
        enter(tmp_path / "out", patch_size=4)


def test_a_file_a_damaged_record_and_a_second_process_are_refused(tmp_path, held_elsewhere):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(RunDirectoryError, match="is a file, expected a directory"):
        enter(tmp_path / "file")
    out = tmp_path / "out"
    enter(out)
    holder = held_elsewhere(out)
    with pytest.raises(RunDirectoryError, match=f"is in use by process {holder.pid}"):
        enter(out)
    holder.kill()
    holder.wait()
    (out / "sweep.json").write_text("{")
    with pytest.raises(RunDirectoryError, match=r"sweep\.json: is damaged"):
        enter(out)
