"""One process at a time in a directory, whatever became of the one before."""

import errno
import os
import subprocess
import sys
import threading

import pytest

from curvature.errors import RunDirectoryError
from experiments.storage.directory_lock import LOCK, directory_lock, held_directory

COUNT = """
import sys
from pathlib import Path
from experiments.storage.directory_lock import directory_lock
directory, times = Path(sys.argv[1]), int(sys.argv[2])
for _ in range(times):
    with directory_lock(directory, patience=100):
        count = int((directory / "count").read_text())
        (directory / "count").write_text(str(count + 1))
"""


def test_another_process_is_named_and_its_death_frees_the_directory(tmp_path, held_elsewhere):
    holder = held_elsewhere(tmp_path)
    message = rf"is in use by process {holder.pid} on \S+ since \d{{4}}-\d\d-\d\d .* UTC; wait for it to end"
    with pytest.raises(RunDirectoryError, match=message), directory_lock(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with directory_lock(tmp_path):
        pass


def test_with_patience_it_waits_for_the_other_to_end(tmp_path, held_elsewhere):
    holder = held_elsewhere(tmp_path)
    death = threading.Timer(0.3, holder.kill)
    death.start()
    with directory_lock(tmp_path, patience=60.0):
        assert holder.wait(timeout=60) != 0
    death.join()


def test_it_is_given_back_after_an_error_and_nothing_stays(tmp_path, held_elsewhere):
    with pytest.raises(ValueError, match="inside"), directory_lock(tmp_path):
        raise ValueError("inside")
    assert os.listdir(tmp_path) == []
    held_elsewhere(tmp_path)


def test_what_a_command_calls_may_hold_the_same_directory_and_does_not_give_it_back(tmp_path, held_elsewhere):
    (tmp_path / "sub").mkdir()
    with directory_lock(tmp_path):
        with directory_lock(tmp_path / "sub" / ".."):
            pass
        with pytest.raises(AssertionError, match="in use by process"):
            held_elsewhere(tmp_path)
    held_elsewhere(tmp_path)


def test_two_threads_do_not_hold_one_directory(tmp_path):
    refused = []

    def enter():
        with pytest.raises(RunDirectoryError, match=f"in use by process {os.getpid()}"), directory_lock(tmp_path):
            pass
        refused.append(True)

    with directory_lock(tmp_path):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert refused


def test_a_directory_that_is_not_there_is_made_and_held(tmp_path, held_elsewhere):
    with held_directory(tmp_path / "a" / "b"), pytest.raises(AssertionError, match="in use by process"):
        held_elsewhere(tmp_path / "a" / "b")
    (tmp_path / "c").write_text("precious")
    message = "is a file, expected a directory"
    with pytest.raises(RunDirectoryError, match=message), held_directory(tmp_path / "c"):
        pass


def test_what_killed_writers_have_left_is_removed_and_nothing_else(tmp_path):
    left = [".log.csv.0123abcd.tmp", "figures/.a.png.89abcdef.tmp", "snapshots/.step-00000001.safetensors.00000000.tmp"]
    kept = ["a.tmp", ".b.tmp", ".c.0123abcd", "figures/a.png", "sub/config.json", "sub/.log.csv.0123abcd.tmp"]
    kept += ["figures/deeper/.a.png.89abcdef.tmp"]
    for name in (*left, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with directory_lock(tmp_path):
        (tmp_path / ".d.0123abcd.tmp").touch()
        with directory_lock(tmp_path):
            assert (tmp_path / ".d.0123abcd.tmp").exists(), "its writer is at work"
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {*kept, ".d.0123abcd.tmp"}


def test_one_of_many_processes_that_start_at_once_holds_it(tmp_path):
    """Each adds one to a number in a file, and waits as long as it takes."""
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", COUNT, str(tmp_path), "20"]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "60"
    assert os.listdir(tmp_path) == ["count"]


def test_a_lock_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot be written"), directory_lock(tmp_path / "nowhere"):
        pass


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with directory_lock(tmp_path):
        assert (tmp_path / LOCK).exists()
