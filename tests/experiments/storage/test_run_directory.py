import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from curvature.errors import ConfigError, RunDirectoryError
from experiments.storage.run_directory import RunDirectory


@dataclass(frozen=True)
class Settings:
    steps: int = 10
    rate: float = 0.1


@dataclass(frozen=True)
class Config:
    training: Settings = Settings()
    evaluation: Settings = Settings(steps=2)


@pytest.fixture
def run(tmp_path):
    return RunDirectory.create(tmp_path / "runs" / "a", {"training": Settings()})


def test_the_configuration_comes_back_as_its_dataclass(run):
    again = RunDirectory.open(run.path)
    assert again == run
    assert again.config() == {"training": {"steps": 10, "rate": 0.1}}
    assert again.config_as(Config, ["training"]) == Config()


def test_the_layout(run):
    names = {
        "config.json": run.config_path,
        "environment.json": run.environment_path,
        "log.csv": run.log_path,
        "checkpoint.safetensors": run.checkpoint_path,
        "comparison.csv": run.comparison_path,
    }
    assert all(path == run.path / name for name, path in names.items())


def test_the_same_configuration_may_be_given_again(run):
    assert RunDirectory.create(str(run.path), {"training": Settings()}) == run


def test_another_configuration_takes_the_place_of_that_of_a_run_that_never_began(run):
    again = RunDirectory.create(run.path, {"training": Settings(steps=20)})
    assert again.config() == {"training": {"steps": 20, "rate": 0.1}}
    assert [path.name for path in run.path.iterdir()] == ["config.json"]


def test_another_configuration_is_refused_with_what_differs(run):
    run.write_text("log.csv", "step\n")
    with pytest.raises(RunDirectoryError, match=r"another configuration \(training\.steps: 10 -> 20\); choose another"):
        RunDirectory.create(run.path, {"training": Settings(steps=20)})
    assert run.config() == {"training": {"steps": 10, "rate": 0.1}}


def test_a_path_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "a").write_text("precious")
    with pytest.raises(RunDirectoryError, match="is a file, expected a directory"):
        RunDirectory.create(tmp_path / "a", Settings())
    with pytest.raises(RunDirectoryError, match="is a file; expected the directory of a run"):
        RunDirectory.open(tmp_path / "a")
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        RunDirectory.create(tmp_path / "a" / "b", Settings())
    assert (tmp_path / "a").read_text() == "precious"


def test_a_directory_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    def refuse(self, parents, exist_ok):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunDirectoryError, match=r"cannot be written \(Permission denied\); check the directory's perm"):
        RunDirectory.create(tmp_path / "a", Settings())


def test_what_is_no_run_cannot_be_opened(tmp_path):
    with pytest.raises(RunDirectoryError, match="does not exist"):
        RunDirectory.open(tmp_path / "nowhere")
    with pytest.raises(RunDirectoryError, match=r"holds no config\.json"):
        RunDirectory.open(tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_a_damaged_configuration_is_named(run, text):
    run.config_path.write_text(text)
    with pytest.raises(RunDirectoryError, match=r"config\.json: is damaged"):
        run.config()


def test_a_part_that_is_missing_or_has_an_unknown_key_is_named(run):
    with pytest.raises(RunDirectoryError, match="expected a part 'model', got training"):
        run.config_as(Config, ["model"])
    run.write_json("config.json", {"training": {"stepps": 3}})
    with pytest.raises(ConfigError, match=r"config\.json\.training: unknown key 'stepps'; did you mean 'steps'"):
        run.config_as(Config, ["training"])


def test_tables_and_texts_are_written_whole(run):
    table = pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]})
    path = run.write_csv("measurements.csv", table)
    pd.testing.assert_frame_equal(pd.read_csv(path), table)
    assert run.write_text("figures/note.txt", "x").read_text() == "x"

    class Broken:
        def to_csv(self, file, index):
            file.write("a,b\n1,")
            raise ValueError("broken table")

    before = path.read_bytes()
    with pytest.raises(ValueError, match="broken table"):
        run.write_csv("measurements.csv", Broken())
    assert path.read_bytes() == before
    assert sorted(os.listdir(run.path)) == ["config.json", "figures", "measurements.csv"]


def test_the_environment_is_recorded(run):
    run.write_environment(seed=4, data_checksums={"china": "ab"})
    assert run.environment()["seed"] == 4
    assert run.environment()["data"] == {"china": "ab"}


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt", ""])
def test_a_file_outside_the_run_is_refused(run, name):
    with pytest.raises(RunDirectoryError, match="inside the run directory"):
        run.write_text(name, "x")


def test_a_file_in_the_place_of_a_directory_is_named(run):
    run.write_text("figures", "not a directory")
    with pytest.raises(RunDirectoryError, match=r"figures: is a file, expected a directory"):
        run.write_text("figures/a.txt", "x")
    with pytest.raises(RunDirectoryError, match=r"environment\.json: cannot be read"):
        run.environment()
