"""Checks of the paths among the options that need another user or file system than the tests have."""

import errno
import os
from pathlib import Path

import pytest

from experiments.command_line import paths
from experiments.command_line.paths import require_output_directory, require_output_file, require_run_or_name


def refuse(*_, **__):
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_directory_that_may_not_be_written_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(ValueError, match="may not be written; choose another directory"):
        require_output_directory(tmp_path)


@pytest.mark.parametrize("require", [require_output_directory, require_output_file])
def test_a_read_only_file_system_is_found_out_by_trying(require, tmp_path, monkeypatch):
    monkeypatch.setattr(paths.tempfile, "mkdtemp", refuse)
    with pytest.raises(ValueError, match=r"new cannot be made in .* \(Read-only file system\)"):
        require(tmp_path / "new")


def test_a_directory_that_may_not_be_searched_is_refused(tmp_path, monkeypatch):
    def denied(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(ValueError, match=r"cannot be used \(Permission denied\)"):
        require_run_or_name(tmp_path)


def test_trying_leaves_nothing_behind(tmp_path):
    require_output_directory(tmp_path / "a" / "b")
    require_output_file(tmp_path / "record.json")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_leaves_no_room_for_the_temporary_one_is_refused(tmp_path):
    require_output_file(tmp_path / ("x" * 230))
    with pytest.raises(ValueError, match="shorten it"):
        require_output_file(tmp_path / ("x" * 250))


def test_a_path_that_leaves_no_room_for_the_files_inside_is_refused(tmp_path):
    long = tmp_path.joinpath(*["y" * 99] * 39)
    with pytest.raises(ValueError, match="is longer than 3896 bytes; shorten it"):
        require_output_directory(long)
