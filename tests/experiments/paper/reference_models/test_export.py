"""From a finished run to a model that can be used by name, and what is refused on the way."""

import json
import shlex

import pandas as pd
import pytest
import torch

from analysis.inputs import parse_input_set
from analysis.likelihood import measure
from curvature.errors import CheckpointError, ConfigError, RunDirectoryError
from experiments.command_line.commands import read_options
from experiments.models.registry import build, configuration
from experiments.paper.reference_models import exporting, weights
from experiments.paper.reference_models.exporting import export_run
from experiments.paper.reference_models.loading import ReferenceModel, load_model
from experiments.paper.reference_models.record import FILES, read_record
from experiments.paper.reference_models.weights import load_reference_weights, save_reference_weights
from experiments.study.samples import load_inputs
from experiments.study.trained_model import load_run
from experiments.training.checkpoint import read_checkpoint
from tests.experiments.paper.reference_models.tiny import train_tiny


def silent(_):
    pass


def test_the_exported_model_is_the_run_s(models, tiny_run):
    by_name, of_run = load_model("china"), load_run(tiny_run.path)
    assert isinstance(by_name, ReferenceModel)
    assert by_name.notice is None
    for name, tensor in of_run.model.state_dict().items():
        assert torch.equal(tensor, by_name.model.state_dict()[name])
    assert by_name.label == of_run.label
    assert by_name.identity()["trained_on"] == by_name.identity()["train_images"]


def test_a_model_is_found_by_name_by_its_directory_and_by_its_run(models, tiny_run):
    assert load_model("china").run.path == models / "china"
    assert load_model(models / "china").run.path == models / "china"
    assert load_model(tiny_run.path).run.path == tiny_run.path


def test_the_record_is_complete_and_the_card_says_what_the_table_says(models):
    for name in ("china", "flower"):
        record = read_record(models / name)
        assert all((models / name / file).is_file() for file in FILES)
        assert (models / name / "evaluations.csv").is_file()
        card = (models / name / "README.md").read_text()
        for row in record.likelihoods.itertuples(index=False):
            assert f"| {row.input_set} | {row.bpd:.4f} | {row.bpd_se:.4f} | {row.n_images} |" in card
        for words in ("CC BY 2.0", record.train_checksum, record.environment["processor"], "Limits", "4 steps of 8"):
            assert words in card


def test_the_table_holds_what_the_shipped_weights_give(models):
    trained, table = load_model("flower"), read_record(models / "flower").likelihoods
    x = load_inputs(parse_input_set("china/test"), 8, (3, 8, 8), seed=1).float()
    row = table.set_index("input_set").loc["china/test"]
    assert measure(trained.model.log_prob, x, "china").bits_per_dim == pytest.approx(row["bpd"], rel=1e-6)
    assert {"flower/train", "flower/test", "digits/test", "noise=uniform"} <= set(table["input_set"])


def test_the_card_s_command_trains_with_exactly_that_configuration(models):
    for name in ("china", "flower"):
        card = (models / name / "README.md").read_text()
        (line,) = (line for line in card.splitlines() if line.startswith("    likelihood-curvature train"))
        arguments = shlex.split(line)[1:]
        assert read_options(arguments).config == read_record(models / name).config


def test_weights_too_large_for_float32_are_stored_in_float16(models, tiny_run, tmp_path, monkeypatch):
    """A trained flow's likelihood moves by less than 0.01 bits/dim, and evaluation is in float32."""
    size = sum(4 * tensor.numel() for tensor in load_run(tiny_run.path).model.state_dict().values())
    monkeypatch.setattr(weights, "LARGEST_FILE", weights.HEADER_ALLOWANCE + 3 * size // 4)
    export_run(tiny_run.path, "small", tmp_path, n_images=64, progress=silent)
    record = read_record(tmp_path / "small")
    assert record.environment["weights"]["storage"] == "float16"
    assert abs(record.environment["weights"]["bpd_moved_by_storage"]) < 0.01
    assert "Storing them moved" in (tmp_path / "small" / "README.md").read_text()
    assert {p.dtype for p in load_model(tmp_path / "small").model.parameters()} == {torch.float32}


def test_a_larger_flow_in_float16_moves_by_less_than_a_thousandth(tmp_path, monkeypatch):
    x = load_inputs(parse_input_set("china/test"), 64, (3, 8, 8), seed=0).float()
    model = build(configuration("glow", levels=2, steps=6, width=32), (3, 8, 8), seed=3)
    model.initialise(x)
    model.eval()
    size = sum(4 * tensor.numel() for tensor in model.state_dict().values())
    monkeypatch.setattr(weights, "LARGEST_FILE", weights.HEADER_ALLOWANCE + 3 * size // 4)
    assert save_reference_weights(tmp_path / "w.safetensors", model, 1) == "float16"
    stored = build(model.config, (3, 8, 8))
    load_reference_weights(stored, tmp_path / "w.safetensors")
    before, after = (measure(each.log_prob, x, "china").bits_per_dim for each in (model, stored))
    assert 0 < abs(after - before) < 1e-3


def test_weights_too_large_even_in_float16_are_refused(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "LARGEST_FILE", weights.HEADER_ALLOWANCE + 100)
    with pytest.raises(CheckpointError, match="even in float16"):
        export_run(tiny_run.path, "large", tmp_path, n_images=4, progress=silent)
    assert list(tmp_path.iterdir()) == []


def test_a_weight_beyond_float16_s_range_is_named(tmp_path, monkeypatch):
    model = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(model.weight, 1e5)
    monkeypatch.setattr(weights, "LARGEST_FILE", weights.HEADER_ALLOWANCE + 1)
    with pytest.raises(CheckpointError, match="weight exceeds float16"):
        save_reference_weights(tmp_path / "w.safetensors", model, 1)


def test_a_model_that_is_there_is_replaced_only_if_asked_to(tiny_run, tmp_path):
    export_run(tiny_run.path, "china", tmp_path, n_images=4, progress=silent)
    with pytest.raises(RunDirectoryError, match="--replace"):
        export_run(tiny_run.path, "china", tmp_path, n_images=4, progress=silent)
    export_run(tiny_run.path, "china", tmp_path, replace=True, n_images=6, progress=silent)
    assert [path.name for path in tmp_path.iterdir()] == ["china"]
    assert set(read_record(tmp_path / "china").likelihoods["n_images"]) == {6}


def test_a_failed_replacement_leaves_the_old_model(tiny_run, tmp_path, monkeypatch):
    export_run(tiny_run.path, "china", tmp_path, n_images=4, progress=silent)
    before = (tmp_path / "china" / "README.md").read_bytes()

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "write_text", no_space)
    with pytest.raises(RunDirectoryError, match="No space left"):
        export_run(tiny_run.path, "china", tmp_path, replace=True, n_images=4, progress=silent)
    assert (tmp_path / "china" / "README.md").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["china"]


def test_a_model_that_a_killed_export_had_moved_away_comes_back(tiny_run, tmp_path):
    model = export_run(tiny_run.path, "china", tmp_path, n_images=4, progress=silent)
    model.rename(tmp_path / ".china.0123abcd.old")
    (tmp_path / ".china.0123abcd.tmp").mkdir()
    (tmp_path / ".china.0123abcd.tmp" / "README.md").write_text("half")
    with pytest.raises(RunDirectoryError, match="is there already"):
        export_run(tiny_run.path, "china", tmp_path, n_images=4, progress=silent)
    assert [path.name for path in tmp_path.iterdir()] == ["china"]
    assert set(read_record(model).likelihoods["n_images"]) == {4}


def test_an_unfinished_run_is_refused(tmp_path):
    from dataclasses import replace

    from experiments.training.checkpoint import save_checkpoint

    run = train_tiny(tmp_path / "run", "china")
    save_checkpoint(run.checkpoint_path, replace(read_checkpoint(run.checkpoint_path), step=2))
    with pytest.raises(CheckpointError, match="step 2 of 4"):
        export_run(run.path, "china", tmp_path / "models", progress=silent)
    assert not (tmp_path / "models" / "china").exists()


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", ".hidden"])
def test_a_name_that_is_no_directory_s_is_refused(name, tiny_run, tmp_path):
    with pytest.raises(ConfigError, match="model name"):
        export_run(tiny_run.path, name, tmp_path, progress=silent)


def test_the_exported_table_is_tidy(models):
    table = pd.read_csv(models / "china" / "bpd.csv")
    assert tuple(table.columns) == ("input_set", "bpd", "bpd_se", "n_images")
    assert not table["input_set"].duplicated().any()
    assert json.loads((models / "china" / "environment.json").read_text())["training"]["steps"] == 4
