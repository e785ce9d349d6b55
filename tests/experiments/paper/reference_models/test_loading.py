"""Models by name: what is damaged or missing is told in one line."""

import json
import shutil

import pytest

from curvature.errors import CheckpointError, RunDirectoryError, UnknownNameError
from experiments.paper.reference_models import weights
from experiments.paper.reference_models.loading import load_model
from experiments.paper.reference_models.shipped import WEIGHTS


@pytest.fixture
def copied(models, tmp_path):
    """A copy of a model, to spoil."""
    shutil.copytree(models / "china", tmp_path / "china")
    return tmp_path / "china"


def edit_environment(path, change):
    environment = json.loads((path / "environment.json").read_text())
    change(environment)
    (path / "environment.json").write_text(json.dumps(environment))


def test_an_unknown_name_lists_the_names_and_suggests_the_nearest(models):
    with pytest.raises(UnknownNameError, match="did you mean 'china'") as error:
        load_model("chnia")
    assert "flower" in str(error.value)
    assert "does not exist" in str(error.value)


def test_a_run_of_that_path_wins_over_the_name(models, copied, monkeypatch):
    monkeypatch.chdir(copied.parent)
    assert load_model("china").run.path.resolve() == copied
    monkeypatch.chdir(models.parent)
    assert load_model("china").run.path == models / "china"


def test_a_path_that_is_no_run_is_named(models, tmp_path):
    with pytest.raises(RunDirectoryError, match="does not exist"):
        load_model(tmp_path / "nowhere" / "china")
    with pytest.raises(RunDirectoryError, match="no config"):
        load_model(tmp_path)


@pytest.mark.parametrize("position", [40, -5])
def test_damaged_weights_are_refused(copied, position):
    content = bytearray((copied / WEIGHTS).read_bytes())
    content[position] ^= 1
    (copied / WEIGHTS).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(copied)


def test_truncated_weights_are_refused_by_their_own_checksum_too(copied):
    (copied / WEIGHTS).write_bytes((copied / WEIGHTS).read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="damaged"):
        weights.read_reference_weights(copied / WEIGHTS)


@pytest.mark.parametrize("file", ["environment.json", "log.csv", "bpd.csv", "README.md"])
def test_a_missing_record_is_named(copied, file):
    (copied / file).unlink()
    with pytest.raises(RunDirectoryError, match=f"lacks {file}"):
        load_model(copied)


def test_a_record_without_a_part_is_refused(copied):
    edit_environment(copied, lambda environment: environment.pop("train_images"))
    with pytest.raises(RunDirectoryError, match="train_images"):
        load_model(copied)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": []}, r"weights is \[\], of the wrong type"),
        ({"train_images": {"sha256": 3}}, r"lacks train_images\.label"),
        ({"training": {"steps": 4, "seconds": "long", "images_per_second": 2.0}}, r"training\.seconds is 'long'"),
        ({"training": {"steps": True, "seconds": 1, "images_per_second": 2.0}}, r"training\.steps is True"),
        ({"package": {"name": "x", "version": "1", "git_commit": 7}}, r"package\.git_commit is 7"),
        ({"threads": "two"}, "threads is 'two', of the wrong type"),
        ({"data": "none"}, "data is 'none', of the wrong type"),
    ],
)
def test_a_record_whose_parts_are_of_other_types_is_refused(change, words, copied):
    edit_environment(copied, lambda environment: environment.update(change))
    with pytest.raises(RunDirectoryError, match=words) as told:
        load_model(copied)
    assert str(copied / "environment.json") in str(told.value)


@pytest.mark.parametrize("text", ["[]", "{", '{"a": NaN}', "[" * 100_000, '{"a":' * 100_000, "\0", "3"])
def test_a_record_that_is_no_json_object_is_refused(text, copied):
    (copied / "environment.json").write_text(text)
    with pytest.raises(RunDirectoryError, match=r"environment\.json: is damaged"):
        load_model(copied)


HEADER = "input_set,bpd,bpd_se,n_images\n"


@pytest.mark.parametrize("text", ["", HEADER, "\0" * 50, HEADER + "a,b,c,d\n"])
def test_a_table_without_rows_or_numbers_is_refused(text, copied):
    (copied / "bpd.csv").write_text(text)
    with pytest.raises(RunDirectoryError, match=r"bpd\.csv: .*; export the model again"):
        load_model(copied)


def test_a_table_of_other_columns_is_refused(copied):
    (copied / "bpd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RunDirectoryError, match="lacks the columns"):
        load_model(copied)


def test_weights_of_another_configuration_are_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    config["model"]["width"] = 5
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="width: 4 -> 5"):
        load_model(copied)


def test_oversized_weights_are_refused(copied, monkeypatch):
    monkeypatch.setattr(weights, "LARGEST_FILE", 1000)
    with pytest.raises(CheckpointError, match="more than the"):
        load_model(copied)


def test_other_training_images_than_those_it_saw_are_noted(copied):
    edit_environment(copied, lambda environment: environment["train_images"].update(sha256="0" * 64))
    trained = load_model(copied)
    assert "not the very ones" in trained.notice
    assert trained.identity()["trained_on"] == "0" * 64 != trained.identity()["train_images"]


def test_absent_training_images_name_the_command_that_fetches_them(copied, monkeypatch, tmp_path):
    from experiments.data.errors import DataNotFoundError

    config = json.loads((copied / "config.json").read_text())
    config["data"]["train_set"] = "svhn"
    (copied / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataNotFoundError, match="data fetch svhn"):
        load_model(copied)
