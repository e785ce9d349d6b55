"""Places that a path can lead to, and a finished run."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.experiments.paper.reference_models.tiny import train_tiny


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("runs") / "digits", "digits").path


@pytest.fixture(scope="session")
def damaged_runs(finished_run, tmp_path_factory):
    """Copies of the run, each with one thing wrong."""
    place = tmp_path_factory.mktemp("damaged")

    def copy(name: str) -> Path:
        return Path(shutil.copytree(finished_run, place / name))

    def widened(name: str, width: int) -> Path:
        path = copy(name) / "config.json"
        config = json.loads(path.read_text())
        config["model"]["width"] = width
        path.write_text(json.dumps(config))
        return path.parent

    no_log, empty_log = copy("no_log"), copy("empty_log")
    (no_log / "log.csv").unlink()
    (empty_log / "log.csv").write_text((finished_run / "log.csv").read_text().splitlines(keepends=True)[0])
    return {
        "{WIDE_RUN}": widened("wide", 60_000),
        "{WIDER_RUN}": widened("wider", 10**9),
        "{NO_LOG_RUN}": no_log,
        "{EMPTY_LOG_RUN}": empty_log,
    }


@pytest.fixture
def places(finished_run, damaged_runs, tmp_path, monkeypatch):
    """What the names in the table stand for; the test runs in an empty directory beside them."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    file, directory, figures = tmp_path / "file", tmp_path / "directory", tmp_path / "figures_is_file"
    file.write_text("in the way")
    directory.mkdir()
    figures.mkdir()
    (figures / "figures").write_text("in the way")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    return {
        "{RUN}": finished_run,
        **damaged_runs,
        "{MISSING}": tmp_path / "missing",
        "{FILE}": file,
        "{DIRECTORY}": directory,
        "{FIFO}": tmp_path / "fifo",
        "{DEVICE}": Path("/dev/zero"),
        "{LONG_NAME}": tmp_path / ("x" * 300),
        "{LONG_PATH}": tmp_path.joinpath(*["y" * 200] * 30),
        "{UNWRITABLE}": Path("/proc/nowhere"),
        "{LOOP}": tmp_path / "loop",
        "{DANGLING}": tmp_path / "dangling",
        "{BELOW_FILE}": file / "below",
        "{FIGURES_IS_FILE}": figures,
    }
