"""Models of probability masses, trained, resumed and compared as any other; the error of an estimated log p."""

import math

import pandas as pd
import pytest
import torch

from analysis.table_notes import notes
from experiments.models.registry import configuration
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import compare_inputs
from experiments.study.configuration import ComparisonConfig, DataConfig, EvaluationConfig, ExperimentConfig
from experiments.study.estimate_errors import with_bound_errors
from experiments.study.trained_model import load_run
from experiments.study.training import train_run
from experiments.training.config import TrainingConfig
from experiments.training.errors import TrainingInterrupted

SMALL = {
    "pixelcnn": {"layers": 2, "width": 4, "components": 2, "first_kernel": 3},
    "vae": {"levels": 1, "width": 3, "latents": 2, "components": 2, "draws": 4, "training_draws": 2},
}


def experiment(kind, steps=6):
    return ExperimentConfig(
        DataConfig("digits"),
        configuration(kind, **SMALL[kind]),
        TrainingConfig(steps=steps, batch_size=8, warmup_steps=1, log_every=2, checkpoint_every=3, device="cpu"),
        EvaluationConfig(per_decade=1, n_images=8),
    )


@pytest.fixture(scope="module", params=SMALL)
def run(request, tmp_path_factory):
    run = RunDirectory.create(tmp_path_factory.mktemp("runs") / request.param, experiment(request.param))
    train_run(run)
    return run


def test_bits_per_dim_are_those_of_a_mass(run):
    """Before training every pixel is nearly equally likely at every level: 8 bits/dim, not 16."""
    first = pd.read_csv(run.evaluations_path)["bpd"].iloc[0]
    assert 5 < first < 11
    log_p = load_run(run.path).model.log_prob(torch.full((1, 1, 8, 8), 0.5 / 256))
    assert float(log_p.detach()) < 0


def stop_after_two(step, *others):
    if step == 2:
        raise KeyboardInterrupt


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(run, tmp_path):
    stopped = RunDirectory.create(tmp_path / "stopped", experiment(load_run(run.path).family))
    with pytest.raises(TrainingInterrupted):
        train_run(stopped, progress=stop_after_two)
    train_run(stopped, resume=True)
    assert stopped.checkpoint_path.read_bytes() == run.checkpoint_path.read_bytes()


@pytest.mark.parametrize("run", ["vae"], indirect=True)
def test_a_comparison_explains_the_gap_and_tells_the_error_of_the_bound(run, tmp_path):
    model = load_run(run.path).model
    config = ComparisonConfig(("digits/test", "constant=0"), n_images=6, nodes=(1,), mean_curvature_points=0)
    rows = compare_inputs(load_run(run.path), config, RunDirectory(tmp_path))
    path = rows[rows["rung"] == "path"]
    assert path["predicted"].to_numpy() == pytest.approx(path["measured"].to_numpy(), rel=0.02, abs=0.01)
    measured = pd.read_csv(tmp_path / "measurements.csv")
    assert (measured["bpd"] > 0).all()
    error = float(model.log_prob_standard_error(torch.full((1, 1, 8, 8), 0.5 / 256))) / (64 * math.log(2))
    assert measured.set_index("input_set")["bound_se"]["constant=0"] == pytest.approx(error, rel=1e-4)
    assert error > 0
    assert len([line for line in notes(rows) if line.startswith("log p is a bound with frozen draws")]) == 1


def test_a_comparison_of_an_exact_model_has_no_such_column():
    rows = pd.DataFrame({"input_set": ["digits/test"], "rung": ["full"]})
    assert with_bound_errors(rows, torch.nn.Linear(1, 1), {}) is rows
    assert notes(rows) == []
