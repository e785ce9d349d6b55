"""Models of any family on the command line: their own options, training, comparison."""

import pandas as pd
import pytest

from experiments.command_line import main
from experiments.command_line.commands import read_options
from experiments.models.registry import configuration
from experiments.paper.training_command import training_arguments
from experiments.study.configuration import ExperimentConfig
from experiments.study.trained_model import load_run


def test_the_command_line_trains_a_model_of_any_family(scaled, tmp_path, capsys):
    chosen = ["train", "--data.train-set", "digits", "--model.kind", "scaled", "--model.start", "0.5"]
    steps = ["--training.steps", "3", "--training.warmup-steps", "0", "--evaluation.per-decade", "0"]
    main([*chosen, *steps, "--training.device", "cpu", "--out", str(tmp_path / "run")])
    trained = load_run(tmp_path / "run")
    assert trained.label == "scaled-0.5"
    assert type(trained.model).__name__ == "Scaled"
    capsys.readouterr()
    main(["compare", "--model", str(tmp_path / "run"), "--inputs", "constant=0", "--n-images", "4", "--nodes", "1"])
    assert "constant=0" in capsys.readouterr().out


def test_a_model_whose_volume_depends_on_x_gets_a_table_of_the_parts(tmp_path, capsys):
    chosen = ["train", "--data.train-set", "digits", "--model.kind", "glow", "--model.coupling", "affine"]
    sizes = ["--model.levels", "1", "--model.steps", "1", "--model.width", "4"]
    steps = ["--training.steps", "2", "--training.warmup-steps", "0", "--evaluation.per-decade", "0"]
    main([*chosen, *sizes, *steps, "--training.device", "cpu", "--out", str(tmp_path / "run")])
    capsys.readouterr()
    main(["compare", "--model", str(tmp_path / "run"), "--inputs", "constant=0", "--n-images", "4", "--nodes", "1"])
    assert "Trained on digits: the gap part by part" in capsys.readouterr().out
    assert list(pd.read_csv(tmp_path / "run" / "parts.csv")["part"]) == ["prior", "log_det"]


def test_the_command_that_trains_a_model_names_its_family(scaled):
    config = ExperimentConfig(model=configuration("scaled", start=0.5))
    arguments = training_arguments(config)
    assert arguments[-4:] == ["--model.kind", "scaled", "--model.start", "0.5"]
    assert read_options(arguments).config == config


def test_the_options_of_a_family_are_those_of_its_own(scaled, capsys):
    for command in ("train", "demo"):
        with pytest.raises(SystemExit):
            main([command, "--model.kind", "scaled", "--help"])
        printed = capsys.readouterr().out
        assert "--model.start" in printed
        assert "--model.levels" not in printed
