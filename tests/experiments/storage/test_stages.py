"""Stages are made once for the same inputs, and again when inputs, format or files have changed; the latter is said."""

import json
from dataclasses import dataclass

import pytest

from curvature.errors import RunDirectoryError
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, changed_outputs, is_due, output_digests, run_stage


@dataclass(frozen=True)
class Settings:
    steps: int = 10


@pytest.fixture
def run(tmp_path):
    return RunDirectory.create(tmp_path / "run", {"training": Settings()})


class Maker:
    """Makes a stage's files, counts how often, and keeps what is said meanwhile."""

    def __init__(self, run, outputs=("table.csv",), version=1):
        self.run, self.outputs, self.version = run, outputs, version
        self.calls, self.said = 0, []

    def stage(self, inputs):
        return Stage("measure", self.version, inputs, self.outputs)

    def __call__(self, inputs):
        self.said = []
        return run_stage(self.run, self.stage(inputs), self.make, self.said.append)

    def make(self):
        self.calls += 1
        for output in self.outputs:
            self.run.write_text(output, "a,b\n1,2\n3,4\n")


def test_a_stage_runs_once_for_the_same_inputs(run):
    maker = Maker(run)
    assert is_due(run, maker.stage({}))
    assert maker({"settings": Settings(), "set": "china"})
    assert not maker({"set": "china", "settings": Settings()})
    assert not Maker(RunDirectory.open(run.path))({"set": "china", "settings": Settings()})
    assert maker.calls == 1
    assert maker.said == []


def test_other_inputs_make_it_run_again_without_a_word(run):
    maker = Maker(run)
    maker({"set": "china"})
    assert maker({"set": "flower"})
    assert maker({"set": "china"})
    assert maker.said == []


def test_another_format_version_makes_it_run_again_and_is_said(run):
    maker = Maker(run)
    maker({})
    maker.version = 2
    assert maker({})
    (said,) = maker.said
    assert "of format version 1, expected 2; measure is made again" in said
    assert not maker({})


def spoil_half(path):
    path.write_bytes(path.read_bytes()[:5])


def spoil_edit(path):
    path.write_text(path.read_text().replace("4", "5"))


def spoil_empty(path):
    path.write_text("")


def spoil_remove(path):
    path.unlink()


def spoil_directory(path):
    path.unlink()
    path.mkdir()
    (path / "precious.txt").write_text("kept")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_half, "has changed since it was written"),
        (spoil_edit, "has changed since it was written"),
        (spoil_empty, "is empty"),
        (spoil_remove, "is missing"),
        (spoil_directory, "is a directory"),
    ],
)
def test_a_file_that_is_not_what_was_written_is_made_again_and_named(run, spoil, why):
    maker = Maker(run, ("table.csv", "tables/other.csv"))
    maker({})
    wanted = (run.path / "tables/other.csv").read_text()
    spoil(run.path / "tables/other.csv")
    assert is_due(run, maker.stage({}))
    assert list(changed_outputs(run, maker.stage({}))) == ["tables/other.csv"]
    assert maker({})
    assert f"{run.path / 'tables/other.csv'}: {why}" in maker.said[0]
    assert maker.said[0].endswith("measure is made again")
    assert (run.path / "tables/other.csv").read_text() == wanted
    assert not maker({})
    assert maker.calls == 2


def test_a_directory_in_a_files_place_is_kept_under_another_name(run):
    maker = Maker(run)
    maker({})
    for _ in range(2):
        spoil_directory(run.path / "table.csv")
        maker({})
        assert "is called table.csv.aside-" in maker.said[-1]
    assert len(list(run.path.glob("table.csv.aside-*/precious.txt"))) == 2


def test_the_record_of_an_older_version_is_not_trusted_and_not_in_the_way(run):
    maker = Maker(run)
    maker({})
    run.write_json("stages.json", {"measure": "0f" * 32, "draw": "ab"})
    assert maker({})
    (said,) = maker.said
    assert "stages.json: holds no checksums of table.csv (an older version wrote it); measure is made again" in said
    assert not maker({})
    assert json.loads((run.path / "stages.json").read_text())["draw"] == "ab"


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_damaged_record_makes_every_stage_run_again(run, text):
    maker = Maker(run)
    maker({})
    (run.path / "stages.json").write_text(text)
    assert maker({})
    assert "stages.json: is damaged" in maker.said[0]
    assert not maker({})


def test_a_stage_that_fails_is_not_taken_for_finished(run):
    maker = Maker(run)
    maker({"set": "china"})

    def fail():
        run.write_text("table.csv", "half")
        raise ValueError("stage failed")

    with pytest.raises(ValueError, match="stage failed"):
        run_stage(run, maker.stage({"set": "flower"}), fail, print)
    # Neither set's files may be believed now.
    assert maker({"set": "china"})


def test_a_stage_that_does_not_write_its_output_is_an_error(run):
    stage = Stage("draw", 1, {}, ("config.json", "b.csv"))
    with pytest.raises(RunDirectoryError, match=r"stage 'draw' ended without writing b\.csv"):
        run_stage(run, stage, int, print)
    assert is_due(run, stage)
    with pytest.raises(RunDirectoryError, match="inside the run directory"):
        run_stage(run, Stage("draw", 1, {}, ("../b.csv",)), int, print)


def test_stages_do_not_disturb_each_other_and_name_what_they_wrote(run):
    maker = Maker(run)
    maker({})
    other = Stage("other", 1, {}, ("config.json",))
    assert output_digests(run, other) == {}
    run_stage(run, other, int, print)
    assert not maker({})
    assert output_digests(run, other).keys() == {"config.json"}
    assert output_digests(run, other) != output_digests(run, maker.stage({}))
