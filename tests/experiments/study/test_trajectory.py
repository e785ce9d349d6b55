"""Predictions over the course of training: a tiny real run, its snapshots, and the tables made of them."""

import json
import math
import shutil
from dataclasses import replace

import pandas as pd
import pytest
import torch

from analysis.comparison import COLUMNS
from analysis.dequantization import dequantize
from analysis.inputs import parse_input_set
from curvature import Moments, expand
from curvature.errors import CheckpointError, ConfigError, NonFiniteError, UnknownNameError
from experiments.data.catalog import CATALOG
from experiments.data.digits import load_digits
from experiments.models.registry import configuration
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import compare_inputs
from experiments.study.configuration import (
    ComparisonConfig,
    DataConfig,
    EvaluationConfig,
    ExperimentConfig,
    ExplanationConfig,
    TrajectoryConfig,
)
from experiments.study.progress import Progress
from experiments.study.samples import load_inputs, noise_generator
from experiments.study.trained_model import load_run
from experiments.study.training import train_run
from experiments.study.trajectory import KEY, evaluated_inputs, follow_training
from experiments.training.config import TrainingConfig

EXPERIMENT = ExperimentConfig(
    DataConfig("digits"),
    configuration("glow", levels=1, steps=1, width=4),
    TrainingConfig(steps=4, batch_size=8, warmup_steps=1, device="cpu"),
    EvaluationConfig(("digits/train", "digits", "constant=0"), n_images=4, per_decade=3),
)
STEPS = [1, 2, 4]
INPUTS = ("constant=9", "digits:contrast=0.5")
CONFIG = TrajectoryConfig(INPUTS, n_images=10, nodes=(1, 2))
SHARED = [name for name in COLUMNS if name != "route"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = RunDirectory.create(tmp_path_factory.mktemp("runs") / "digits", EXPERIMENT)
    train_run(directory)
    return directory


@pytest.fixture(scope="module")
def followed(run):
    """The run with its trajectory beside it."""
    follow_training(run, CONFIG, run)
    return run


@pytest.fixture
def trajectory(followed):
    return pd.read_csv(followed.path / "trajectory.csv")


def test_there_is_a_row_for_every_step_set_and_rung(trajectory):
    rungs = ["gradient", "mean-shift", "full", "taylor2", "path-1", "path-2"]
    names = ["constant=9", "digits/test:contrast=0.5"]
    assert set(trajectory.columns) == {*COLUMNS, "step"}
    expected = [(step, name, rung) for step in STEPS for name in names for rung in rungs]
    assert list(trajectory[["step", "input_set", "rung"]].itertuples(index=False, name=None)) == expected
    assert trajectory["predicted"].nunique() == len(trajectory)


def test_a_snapshots_rows_are_those_of_compare(followed, trajectory, tmp_path):
    config = ComparisonConfig(INPUTS, CONFIG.n_images, CONFIG.nodes, mean_curvature_points=0)
    out = RunDirectory.create(tmp_path / "compared", {"comparison": config})
    compared = compare_inputs(load_run(followed.path, step=2), config, out)
    ours = trajectory[(trajectory["step"] == 2) & trajectory["rung"].isin(set(compared["rung"]))]
    theirs = compared[compared["rung"].isin(set(ours["rung"]))]
    assert len(ours) == 2 * 4
    pd.testing.assert_frame_equal(
        ours[SHARED].reset_index(drop=True), theirs[SHARED].reset_index(drop=True), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("step", STEPS)
def test_the_terms_are_those_predicted_from_moments(followed, trajectory, step):
    trained = load_run(followed.path, step=step)
    x_train = dequantize(trained.train_images.images, noise_generator(0))
    expansion = expand(trained.model, at=x_train.double().mean(0))
    sets = {name: load_inputs(parse_input_set(name), 10, (1, 8, 8), seed=0) for name in ("digits/train", *INPUTS)}
    moments = {str(parse_input_set(name)): Moments.from_samples(x) for name, x in sets.items()}
    hessian = pd.read_csv(followed.path / "trajectory_hessian.csv")
    hessian = hessian[hessian["step"] == step].set_index("input_set")
    p = moments["digits/train"]
    for name, q in moments.items():
        assert hessian.loc[name, "trace"] == pytest.approx(float(expansion.trace(q, "hvp")), rel=1e-5)
        if name == "digits/train":
            continue
        predicted = expansion.predict(q, versus=p, method="hvp", sampling_error=False)
        rows = trajectory[(trajectory["step"] == step) & (trajectory["input_set"] == name)].set_index("rung")
        nats = -rows["predicted"] * expansion.dim * math.log(2)
        assert nats["gradient"] == pytest.approx(predicted.gradient, rel=1e-5)
        assert nats["mean-shift"] == pytest.approx(predicted.mean_shift, rel=1e-5)
        assert nats["full"] == pytest.approx(predicted.covariance, rel=1e-5)
        assert nats["taylor2"] == pytest.approx(predicted.total, rel=1e-5)
    eigenvalues = torch.linalg.eigvalsh(expansion.hessian())
    assert hessian["lowest_eigenvalue"].iloc[0] == pytest.approx(float(eigenvalues[0]), rel=1e-5)
    assert hessian["highest_eigenvalue"].iloc[0] == pytest.approx(float(eigenvalues[-1]), rel=1e-4, abs=1e-4)


def test_the_record_says_what_all_was_made_from(followed):
    record = json.loads((followed.path / "trajectory.json").read_text())
    assert list(record["snapshots"]) == [str(step) for step in STEPS]
    assert record["settings"]["inputs"] == ["constant=9", "digits/test:contrast=0.5"]
    assert record["environment"]["seed"] == 0
    hessian = pd.read_csv(followed.path / "trajectory_hessian.csv")
    assert tuple(hessian.columns[: len(KEY)]) == KEY
    assert set(hessian["input_set"]) == {"digits/train", "constant=9", "digits/test:contrast=0.5"}
    order = pd.read_csv(followed.path / "trajectory_order.csv")
    assert set(order["rung"]) == {"full", "taylor2", "path-1", "path-2"}


class Stop(Exception):  # noqa: N818 - stands for a kill
    """The process ends here."""


def test_a_stopped_run_goes_on_after_its_last_finished_snapshot(run, tmp_path):
    out = RunDirectory.create(tmp_path / "out", {"trajectory": CONFIG})

    def stop_at_the_third(done, total, what):
        if what.startswith("step 4"):
            raise Stop

    with pytest.raises(Stop):
        follow_training(run, CONFIG, out, Progress(stop_at_the_third))
    assert not (out.path / "trajectory.csv").exists()
    finished = {path: path.stat().st_mtime_ns for path in (out.path / "trajectory").iterdir()}
    assert len(finished) == 4
    seen = []
    follow_training(run, CONFIG, out, Progress(lambda *report: seen.append(report)))
    assert {what.split(":")[0] for _, _, what in seen} == {"step 4"}
    assert seen[-1][0] == seen[-1][1] == 3 * 3 * 10
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert (out.path / "evaluations.csv").read_text() == run.evaluations_path.read_text()


def test_fewer_steps_and_then_all_of_them(run, trajectory, tmp_path):
    out = RunDirectory.create(tmp_path / "out", {"trajectory": CONFIG})
    some = TrajectoryConfig(INPUTS, (4, 1, 4), CONFIG.n_images, CONFIG.nodes)
    assert follow_training(run, some, out)["step"].unique().tolist() == [1, 4]
    seen = []
    everything = follow_training(run, CONFIG, out, Progress(lambda done, total, what: seen.append(what)))
    assert seen
    assert all(what.startswith("step 2: ") for what in seen)
    pd.testing.assert_frame_equal(everything, trajectory)


def test_other_images_of_the_same_name_are_looked_at_anew(run, trajectory, tmp_path, monkeypatch):
    out = RunDirectory.create(tmp_path / "out", {"trajectory": CONFIG})
    follow_training(run, CONFIG, out)

    def load_turned(split, patch_size):
        images = load_digits(split, patch_size)
        return replace(images, images=images.images.flip(2)) if split == "test" else images

    monkeypatch.setitem(CATALOG, "digits", load_turned)
    turned = follow_training(run, CONFIG, out).set_index("input_set")["measured"]
    before = trajectory.set_index("input_set")["measured"]
    assert (turned["constant=9"] == before["constant=9"]).all()
    assert (turned["digits/test:contrast=0.5"] != before["digits/test:contrast=0.5"]).all()


def test_the_inputs_evaluated_during_training_are_known_without_the_training_images():
    assert evaluated_inputs(EXPERIMENT) == ("digits/test", "constant=0")
    assert evaluated_inputs(replace(EXPERIMENT, evaluation=EvaluationConfig())) == ()


def test_a_changed_table_of_a_snapshot_is_made_again_and_named(run, trajectory, tmp_path):
    out = RunDirectory.create(tmp_path / "out", {"trajectory": CONFIG})
    follow_training(run, CONFIG, out)
    table = out.path / "trajectory" / "step-00000002.csv"
    table.write_text(table.read_text()[:200])
    shown, said = [], []
    again = follow_training(run, CONFIG, out, Progress(lambda *report: shown.append(report[2]), said.append))
    assert {what.split(":")[0] for what in shown} == {"step 2"}
    (line,) = said
    assert line == f"{table}: has changed since it was written; trajectory at step 2 is made again"
    pd.testing.assert_frame_equal(again, trajectory)


@pytest.mark.parametrize("config", [TrajectoryConfig, ComparisonConfig, ExplanationConfig])
def test_one_image_has_no_standard_error(config):
    with pytest.raises(ConfigError, match=r"setting n_images: expected a whole number from 2 to 10\^9, got 1"):
        config(n_images=1)


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        (TrajectoryConfig(INPUTS, (2, 3, 7)), CheckpointError, ["no snapshot of step 3, 7", "1, 2, 4"]),
        (TrajectoryConfig(("digts",)), UnknownNameError, ["did you mean 'digits'"]),
        (TrajectoryConfig(()), ConfigError, ["at least one input set"]),
    ],
)
def test_bad_settings_are_named(run, config, error, words, tmp_path):
    out = RunDirectory.create(tmp_path / "out", {"trajectory": config})
    with pytest.raises(error) as caught:
        follow_training(run, config, out)
    assert all(word in str(caught.value) for word in words), caught.value
    assert not list(out.path.rglob("*.csv"))


def test_a_run_without_snapshots_says_how_to_get_them(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "bare", ignore=shutil.ignore_patterns("snapshots"))
    bare = RunDirectory.open(tmp_path / "bare")
    with pytest.raises(CheckpointError, match=r"no snapshots; train with --evaluation\.per-decade"):
        follow_training(bare, CONFIG, bare)


def test_a_likelihood_that_is_not_finite_names_the_step(run, monkeypatch, tmp_path):
    import experiments.study.trajectory

    def broken(*_):
        raise NonFiniteError("log p of digits/test: nan")

    monkeypatch.setattr(experiments.study.trajectory, "compare_samples", broken)
    with pytest.raises(NonFiniteError, match="snapshot of step 1: log p of digits/test"):
        follow_training(run, CONFIG, RunDirectory.create(tmp_path / "out", {"trajectory": CONFIG}))
