"""Ensembles in studies: from the command line to WAIC, and from the runs of several seeds."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from analysis.inputs import parse_input_set
from curvature.errors import ConfigError, TooFewSamplesError
from experiments.command_line import main
from experiments.command_line.commands import read_options
from experiments.models.registry import configuration
from experiments.paper.training_command import training_arguments
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import compare_inputs
from experiments.study.configuration import ComparisonConfig, DataConfig, ExperimentConfig
from experiments.study.ensemble_of_runs import ensemble_of_runs
from experiments.study.samples import load_inputs
from experiments.study.trained_model import load_run
from experiments.study.training import train_run

MEMBER = ["--model.member.levels", "1", "--model.member.steps", "1", "--model.member.width", "4"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An ensemble of two tiny flows, trained from the command line."""
    path = tmp_path_factory.mktemp("runs") / "ensemble"
    chosen = ["--data.train-set", "digits", "--model.kind", "ensemble", "--model.members", "2", *MEMBER]
    steps = ["--training.steps", "3", "--training.warmup-steps", "0", "--evaluation.per-decade", "0"]
    main(["train", *chosen, *steps, "--training.device", "cpu", "--out", str(path)])
    return path


def test_waic_of_every_input_set_lies_beside_the_comparison(run, tmp_path):
    trained = load_run(run)
    config = ComparisonConfig(("digits", "constant=9"), n_images=6, nodes=(1,), mean_curvature_points=0)
    out = RunDirectory.create(tmp_path / "out", {})
    compare_inputs(trained, config, out)
    table = pd.read_csv(out.path / "waic.csv").set_index("input_set")
    assert list(table.index) == ["digits/train", "digits/test", "constant=9"]
    model = trained.model.double()
    values = {}
    for name in table.index:
        x = load_inputs(parse_input_set(name), 6, (1, 8, 8), seed=0)
        with torch.no_grad():
            values[name] = 8 - model.waic(x) / (64 * math.log(2))
        assert table.loc[name, "waic"] == pytest.approx(float(values[name].mean()), rel=1e-6)
        assert table.loc[name, "waic_se"] == pytest.approx(float(values[name].std()) / 6**0.5, rel=1e-6)
    train, test = values["digits/train"], values["digits/test"]
    assert table.loc["digits/test", "gap"] == pytest.approx(float(test.mean() - train.mean()), abs=1e-6)
    assert table.loc["digits/test", "gap_se"] == pytest.approx(float((test.var() + train.var()).sqrt()) / 6**0.5)
    assert tuple(table.loc["digits/train", ["gap", "gap_se"]]) == (0, 0)


def test_the_families_of_an_ensemble_and_its_members_are_options():
    model = configuration("ensemble", members=2, member=configuration("transformer", blocks=3, mixing=False))
    config = ExperimentConfig(data=DataConfig("digits"), model=model)
    arguments = training_arguments(config)
    assert arguments[3:7] == ["--model.kind", "ensemble", "--model.member.kind", "transformer"]
    assert read_options(arguments).config == config
    assert read_options(["demo", "--model.kind=ensemble", "--model.member.kind=transformer"]).model.member.blocks == 4
    with pytest.raises(ConfigError, match="another family than ensemble"):
        read_options(["train", "--model.kind", "ensemble", "--model.member.kind", "ensemble"])
    with pytest.raises(ConfigError, match=r"--model\.member\.kind"):
        read_options(["train", "--model.member.kind", "transformer"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_experiment_config):
    """Runs of two seeds, of another training set, and of another family."""
    directory, config = tmp_path_factory.mktemp("seeds"), tiny_experiment_config
    other_family = replace(config, model=configuration("transformer", blocks=1, width=4, heads=1))
    configs = {
        "seed-0": config,
        "seed-1": replace(config, training=replace(config.training, seed=1)),
        "transformer": other_family,
        "china": replace(config, data=DataConfig("china")),
    }
    for name, each in configs.items():
        train_run(RunDirectory.create(directory / name, each))
    return directory


def test_runs_of_several_seeds_make_an_ensemble(runs, tmp_path, capsys):
    paths = [runs / "seed-0", runs / "seed-1"]
    ensemble = ensemble_of_runs(paths)
    x = load_inputs(parse_input_set("digits"), 4, (1, 8, 8), seed=0).float()
    alone = torch.stack([load_run(path).model.log_prob(x) for path in paths])
    torch.testing.assert_close(ensemble.member_log_probs(x), alone)
    torch.testing.assert_close(ensemble.log_prob(x), alone.logsumexp(0) - math.log(2))
    model = ["--model", "experiments.study.ensemble_of_runs:ensemble_of_runs", "--train-inputs", "digits/train"]
    arguments = ["--model-args", f"runs={[str(path) for path in paths]!r}", "--out", str(tmp_path / "out")]
    main(["compare", *model, *arguments, "--inputs", "constant=0", "--n-images", "4", "--nodes", "1"])
    assert "constant=0" in capsys.readouterr().out
    assert (tmp_path / "out" / "waic.csv").is_file()


def test_runs_that_differ_in_more_than_their_seed_are_refused(runs):
    for others, words in (
        (["transformer"], "one family"),
        (["china"], "one training set"),
        (["seed-0"], "have the same weights"),
    ):
        with pytest.raises(ConfigError, match=words):
            ensemble_of_runs([runs / "seed-0", *(runs / name for name in others)])
    with pytest.raises(TooFewSamplesError, match="at least 2 members"):
        ensemble_of_runs([runs / "seed-0"])
