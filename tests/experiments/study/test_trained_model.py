"""A run from its configuration: trained, evaluated meanwhile, and read back at the end or at a snapshot."""

import json
from dataclasses import replace

import pytest

from analysis.inputs import parse_input_set
from analysis.likelihood import measure
from curvature.errors import CheckpointError, ConfigError, UnknownNameError
from experiments.models.registry import configuration
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import DataConfig, EvaluationConfig, ExperimentConfig
from experiments.study.samples import load_inputs
from experiments.study.trained_model import load_run
from experiments.study.training import train_run
from experiments.training.config import TrainingConfig
from experiments.training.evaluations import read_evaluations

EXPERIMENT = ExperimentConfig(
    DataConfig("digits"),
    configuration("glow", levels=1, steps=1, width=4),
    TrainingConfig(steps=7, batch_size=8, warmup_steps=1, checkpoint_every=3, device="cpu"),
    EvaluationConfig(("digits", "constant=0", "digits:contrast=0.5"), n_images=5),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = RunDirectory.create(tmp_path_factory.mktemp("runs") / "digits", EXPERIMENT)
    train_run(directory)
    return directory


def test_the_configured_inputs_are_evaluated(run):
    rows = read_evaluations(run.evaluations_path)
    names = ["digits/test", "constant=0", "digits/test:contrast=0.5"]
    assert [(row.step, row.input_set) for row in rows] == [(step, name) for step in (1, 2, 3, 6, 7) for name in names]
    assert {row.n_images for row in rows} == {5}


def test_a_snapshot_is_a_model_like_any_other(run):
    first, last = load_run(run.path, step=1), load_run(run.path)
    assert first.identity() != last.identity()
    assert load_run(run.path, step=7).model.state_dict().keys() == last.model.state_dict().keys()
    x = load_inputs(parse_input_set("digits"), 5, (1, 8, 8), seed=0).float()
    rows = {row.step: row for row in read_evaluations(run.evaluations_path) if row.input_set == "digits/test"}
    for step, trained in ((1, first), (7, last)):
        assert measure(trained.model.log_prob, x, "digits").bits_per_dim == pytest.approx(rows[step].bpd, abs=1e-5)
    with pytest.raises(CheckpointError, match="no snapshot of step 5"):
        load_run(run.path, step=5)


def test_by_default_the_training_set_itself_is_evaluated(tmp_path):
    experiment = ExperimentConfig(EXPERIMENT.data, EXPERIMENT.model, EXPERIMENT.training, EvaluationConfig(n_images=3))
    run = RunDirectory.create(tmp_path / "run", experiment)
    train_run(run)
    assert {row.input_set for row in read_evaluations(run.evaluations_path)} == {"digits/train", "digits/test"}


def test_evaluation_can_be_switched_off(tmp_path):
    off = ExperimentConfig(EXPERIMENT.data, EXPERIMENT.model, EXPERIMENT.training, EvaluationConfig(per_decade=0))
    run = RunDirectory.create(tmp_path / "run", off)
    train_run(run)
    assert not run.evaluations_path.exists()
    assert not run.snapshots_path.exists()


def test_a_run_kept_before_there_were_evaluations_is_still_read_and_resumed(run, tmp_path):
    config = run.config()
    del config["evaluation"]
    old = tmp_path / "old"
    old.mkdir()
    (old / "config.json").write_text(json.dumps(config))
    directory = RunDirectory.open(old)
    train_run(directory)
    assert load_run(old).label == load_run(run.path).label
    defaults = ExperimentConfig(EXPERIMENT.data, EXPERIMENT.model, EXPERIMENT.training)
    assert RunDirectory.create(old, defaults) == directory


def test_tensorboard_is_written_where_it_is_asked_for(run, tmp_path):
    pytest.importorskip("tensorboard")
    experiment = replace(EXPERIMENT, training=replace(EXPERIMENT.training, tensorboard=True))
    shown = RunDirectory.create(tmp_path / "run", experiment)
    train_run(shown)
    assert list((shown.path / "tensorboard").glob("events*"))
    assert not (run.path / "tensorboard").exists()
    assert shown.environment()["seed"] == 0


def test_an_unknown_input_set_stops_before_any_work(tmp_path):
    experiment = ExperimentConfig(EXPERIMENT.data, EXPERIMENT.model, EXPERIMENT.training, EvaluationConfig(("chnia",)))
    run = RunDirectory.create(tmp_path / "run", experiment)
    with pytest.raises(UnknownNameError, match="did you mean 'china'"):
        train_run(run)
    assert [path.name for path in run.path.iterdir()] == ["config.json"]


@pytest.mark.parametrize("setting", [{"n_images": 1}, {"per_decade": -1}])
def test_settings_out_of_range_are_refused(setting):
    (name,) = setting
    with pytest.raises(ConfigError, match=f"evaluation setting {name}: expected a whole number from"):
        EvaluationConfig(**setting)
