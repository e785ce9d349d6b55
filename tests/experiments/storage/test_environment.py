import json
import subprocess

import pytest

from experiments.storage import environment
from experiments.storage.environment import environment_record, git_state


def git(directory, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "-q")
    (tmp_path / "source.py").write_text("a = 1\n")
    git(tmp_path, "add", "source.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_the_record_is_complete_and_plain():
    record = environment_record(seed=3, data_checksums={"china": "ab12"})
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert {"package", "python", "torch", "numpy", "platform", "processor", "threads", "device", "seed"} < set(record)
    assert record["seed"] == 3
    assert record["data"] == {"china": "ab12"}
    assert record["device"] == "cpu"
    assert record["threads"] >= 1


def test_the_commit_of_a_clean_checkout(checkout):
    head = git(checkout, "rev-parse", "HEAD")
    (checkout / "untracked.txt").write_text("notes")
    assert git_state(checkout / "source.py") == {"git_commit": head, "git_dirty": False}


def test_a_changed_file_makes_the_checkout_dirty(checkout):
    (checkout / "source.py").write_text("a = 2\n")
    assert git_state(checkout / "source.py")["git_dirty"] is True


def test_a_hooks_variables_do_not_point_git_elsewhere(checkout, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git_state(checkout / "source.py")["git_dirty"] is False


def test_a_file_that_the_surrounding_checkout_does_not_track_has_no_commit(checkout):
    (checkout / "installed.py").write_text("")
    assert git_state(checkout / "installed.py") == {"git_commit": None, "git_dirty": None}


def test_no_git_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert git_state(checkout / "source.py") == {"git_commit": None, "git_dirty": None}


def test_code_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(environment, "DISTRIBUTION", "no-such-distribution-at-all")
    assert environment.package_version() is None


def test_the_processor_has_a_name_without_proc(monkeypatch):
    assert environment.processor_name()

    def absent(self, encoding):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", absent)
    assert environment.processor_name()
