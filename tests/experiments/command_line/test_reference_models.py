"""Reference models as a user meets them: export, use by name, and what is said of other training images."""

import json
import shutil

import pandas as pd
import pytest

from experiments.command_line import main


def run(*arguments):
    main([str(argument) for argument in arguments])


def test_export_then_compare_and_explain_by_name(tiny_run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("export", tiny_run.path, "tiny", "--n-images", 8)
    assert "model: models/tiny" in capsys.readouterr().out
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_MODELS", str(tmp_path / "models"))
    files = {path: path.read_bytes() for path in (tmp_path / "models").rglob("*") if path.is_file()}
    run("compare", "--model", "tiny", "--inputs", "flower", "--n-images", 4, "--nodes", 1)
    assert set(pd.read_csv("runs/compare-tiny/comparison.csv")["run"]) == {"tiny"}
    run("compare", "--model", "tiny", "--inputs", "constant=7", "--n-images", 4, "--nodes", 1)
    assert set(pd.read_csv("runs/compare-tiny/comparison.csv")["input_set"]) == {"constant=7"}
    run("explain", "--model", "tiny", "--inputs", "flower", "--n-images", 4, "--bands", 2, "--eigenpairs", 1)
    assert len(pd.read_csv("runs/explain-tiny/spectrum.csv")) == 2
    assert files == {path: path.read_bytes() for path in (tmp_path / "models").rglob("*") if path.is_file()}


def test_other_training_images_are_told_in_one_line_and_recorded(models, tmp_path, capsys):
    shutil.copytree(models / "china", tmp_path / "china")
    environment = json.loads((tmp_path / "china" / "environment.json").read_text())
    environment["train_images"]["sha256"] = "0" * 64
    (tmp_path / "china" / "environment.json").write_text(json.dumps(environment))
    arguments = ["--inputs", "constant=7", "--n-images", 4, "--nodes", 1, "--out", tmp_path / "c"]
    run("compare", "--model", tmp_path / "china", *arguments)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "not the very ones that china was trained on" in line
    assert json.loads((tmp_path / "c" / "comparison.json").read_text())["trained_on"] == "0" * 64


def test_an_unknown_model_is_one_line(models, capsys):
    with pytest.raises(SystemExit) as stop:
        run("compare", "--model", "chnia")
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "did you mean 'china'" in line
