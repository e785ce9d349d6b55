"""Faults and kills inside a write: the old file or the new one is there, whole, and what is left over is removed."""

import errno
import itertools
import os
import subprocess
import sys

import pytest

from curvature.errors import RunDirectoryError
from experiments.storage import atomic_write
from experiments.storage.atomic_write import replacement, write_bytes, write_text

OLD, NEW = b"old " * 100, b"new " * 200
OFTEN = 12  # more than any of these is called in one write

FAULTY = """
import errno, io, os, signal, sys
from pathlib import Path
from experiments.storage import atomic_write

path, name, number, way = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
real, calls = getattr(os, name), 0

def faulty(*arguments, **options):
    global calls
    calls += 1
    if calls != number:
        return real(*arguments, **options)
    if way == "after":
        real(*arguments, **options)
    elif name == "write":
        real(arguments[0], arguments[1][: len(arguments[1]) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

def write_through_os(self, content):
    descriptor = os.open(self, os.O_WRONLY | os.O_TRUNC)
    for begin in range(0, len(content), 300):
        os.write(descriptor, content[begin : begin + 300])
    os.close(descriptor)

Path.write_bytes = write_through_os
setattr(os, name, faulty)
atomic_write.write_bytes(path, b"new " * 200)
"""


@pytest.mark.parametrize("way", ["before", "after"])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close"])
def test_a_kill_inside_a_write_leaves_a_whole_file_and_the_next_write_removes_the_rest(name, way, tmp_path):
    path = tmp_path / "a.json"
    kills = 0
    for number in range(1, OFTEN):
        write_bytes(path, OLD)
        done = subprocess.run([sys.executable, "-c", FAULTY, str(path), name, str(number), way], check=False)
        assert done.returncode in (0, -9)
        assert path.read_bytes() in (OLD, NEW)
        kills += done.returncode == -9
        write_bytes(path, NEW)
        assert os.listdir(tmp_path) == ["a.json"]
        if done.returncode == 0:
            break
    assert kills


def fail_at(monkeypatch, name, number, error):
    """Let the number-th call of a function of `os` fail; returns whether that happened, once asked."""
    real, counter, failed = getattr(os, name), itertools.count(1), []

    def faulty(*arguments, **options):
        if next(counter) == number:
            failed.append(name)
            raise OSError(error, os.strerror(error))
        return real(*arguments, **options)

    monkeypatch.setattr(os, name, faulty)
    return lambda: bool(failed)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("name", ["open", "fsync", "replace", "close"])
def test_a_call_that_fails_is_told_and_leaves_a_whole_file(name, error, tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    for number in range(1, OFTEN):
        write_bytes(path, OLD)
        with monkeypatch.context() as patch:
            happened = fail_at(patch, name, number, error)
            try:
                write_bytes(path, NEW)
                told = ""
            except RunDirectoryError as failure:
                told = str(failure)
        assert path.read_bytes() in (OLD, NEW)
        assert os.listdir(tmp_path) == ["a.json"]
        if not happened():
            break
        assert f"{path}: cannot be written ({os.strerror(error)})" in told
    assert number > 1


def test_a_file_that_another_writer_holds_is_not_taken_for_left_over(tmp_path):
    path = tmp_path / "a.txt"
    with replacement(path) as first:
        first.write_text("first")
        write_text(path, "second")
        assert first.exists()
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path):
    for name in (".a.txt.0a1b2c3d.tmp", ".a.txt.ffffffff.tmp", ".b.txt.0a1b2c3d.tmp", "a.txt.tmp"):
        (tmp_path / name).write_text("half")
    write_text(tmp_path / "a.txt", "whole")
    assert sorted(os.listdir(tmp_path)) == [".b.txt.0a1b2c3d.tmp", "a.txt", "a.txt.tmp"]


def test_where_the_file_system_knows_no_locks_files_are_written_all_the_same(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(atomic_write.fcntl, "flock", refuse)
    (tmp_path / ".a.txt.0a1b2c3d.tmp").write_text("perhaps another machine's")
    write_text(tmp_path / "a.txt", "whole")
    assert sorted(os.listdir(tmp_path)) == [".a.txt.0a1b2c3d.tmp", "a.txt"]
