"""One process at a time in a directory, whatever became of the one before."""

import errno
import threading

import pytest

from curvature.errors import RunDirectoryError
from experiments.storage.directory_lock import directory_lock

NAME = "some.lock"


def test_another_process_is_named_and_its_death_frees_the_directory(tmp_path, held_elsewhere):
    holder = held_elsewhere(tmp_path, NAME)
    message = rf"is in use by process {holder.pid} on .*; wait for it to end"
    with pytest.raises(RunDirectoryError, match=message), directory_lock(tmp_path, NAME):
        pass
    with directory_lock(tmp_path, "other.lock"):
        pass
    holder.kill()
    holder.wait()
    with directory_lock(tmp_path, NAME):
        pass


def test_with_patience_it_waits_for_the_other_to_end(tmp_path, held_elsewhere):
    holder = held_elsewhere(tmp_path, NAME)
    death = threading.Timer(0.3, holder.kill)
    death.start()
    with directory_lock(tmp_path, NAME, patience=60.0):
        assert holder.wait(timeout=60) != 0
    death.join()


def test_it_is_given_back_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="inside"), directory_lock(tmp_path, NAME):
        raise ValueError("inside")
    with directory_lock(tmp_path, NAME):
        pass


def test_a_lock_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot be written"), directory_lock(tmp_path / "nowhere", NAME):
        pass


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with directory_lock(tmp_path, NAME):
        assert (tmp_path / NAME).exists()
