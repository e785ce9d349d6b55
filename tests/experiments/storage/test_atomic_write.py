import os
from pathlib import Path

import pytest

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import replacement, write_bytes, write_json, write_text


def test_a_new_file_and_a_replaced_one_hold_what_was_written(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "erst")
    write_text(path, "zweit é")
    assert path.read_text(encoding="utf-8") == "zweit é"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def break_off():
        with replacement(path) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(error):
        break_off()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_reported_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")

    def full(self, content):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunDirectoryError, match=r"a\.bin: cannot be written \(No space left on device\)"):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_rename_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(RunDirectoryError, match="Permission denied"):
        write_text(tmp_path / "a.txt", "new")
    assert os.listdir(tmp_path) == []


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match=r"nowhere.*choose another directory"):
        write_text(tmp_path / "nowhere" / "a.txt", "new")


def test_json_refuses_nan_before_it_touches_the_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert path.read_text() == '{\n  "a": 1\n}\n'
