"""Training and comparison in one go: each is done once, and a damaged file of either is made again to the same bits."""

import re

import pytest
import torch

from experiments.storage.run_directory import RunDirectory
from experiments.study import comparison
from experiments.study.configuration import ComparisonConfig
from experiments.study.train_and_compare import OUTPUTS, train_and_compare
from experiments.training.checkpoint import read_checkpoint
from experiments.training.log import read_log

COMPARISON = ComparisonConfig(("constant=9",), n_images=4, nodes=(1,), mean_curvature_points=0)


@pytest.fixture
def run(tmp_path, tiny_experiment_config, watcher):
    run = RunDirectory.create(tmp_path / "run", tiny_experiment_config)
    train_and_compare(run, tiny_experiment_config, COMPARISON, watcher.progress)
    return run


def weights(run):
    """Copies: the tensors that are read lie in the file, which a test may cut short."""
    return {name: tensor.clone() for name, tensor in read_checkpoint(run.checkpoint_path).model.items()}


def files_of_comparison(run):
    """When each was written, and what it holds."""
    paths = [run.path / name for name in comparison.OUTPUTS]
    return [(path.stat().st_mtime_ns, path.read_bytes()) for path in paths]


def same_weights(left, right):
    return left.keys() == right.keys() and all(torch.equal(tensor, right[name]) for name, tensor in left.items())


def test_steps_then_images_are_counted_and_all_files_are_named(tmp_path, tiny_experiment_config, watcher):
    run = RunDirectory.create(tmp_path / "run", tiny_experiment_config)
    files = train_and_compare(run, tiny_experiment_config, COMPARISON, watcher.progress)
    assert all((run.path / name).is_file() for name in files)
    assert set(files) > {*OUTPUTS, "comparison.csv"}
    training = [report for report in watcher.shown if report[2].startswith("training")]
    assert [report[:2] for report in training] == [(step, 4) for step in (1, 2, 3, 4)]
    assert re.fullmatch(r"training: \d+\.\d{3} bits/dim, \d+ images/s, \d+ s left", training[-1][2])
    assert watcher.shown[-1] == (8, 8, "curvature on constant=9")
    assert watcher.said == []


def test_without_a_comparison_it_only_trains(tmp_path, tiny_experiment_config, watcher):
    run = RunDirectory.create(tmp_path / "run", tiny_experiment_config)
    assert train_and_compare(run, tiny_experiment_config, None, watcher.progress) == OUTPUTS
    assert not (run.path / "comparison.csv").exists()


def test_what_is_done_is_not_done_again(run, tiny_experiment_config, watcher):
    watcher.shown.clear()
    train_and_compare(run, tiny_experiment_config, COMPARISON, watcher.progress)
    assert (watcher.shown, watcher.said) == ([], [])


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "log.csv"])
def test_a_damaged_file_of_training_makes_it_train_again_and_keeps_the_old_weights(
    run, tiny_experiment_config, watcher, name
):
    before, checkpoint, compared = weights(run), run.checkpoint_path.read_bytes(), files_of_comparison(run)
    path = run.path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    watcher.shown.clear()
    train_and_compare(run, tiny_experiment_config, COMPARISON, watcher.progress)
    assert watcher.said == [
        f"{path}: has changed since it was written; train is made again",
        f"{run.checkpoint_path}: is called checkpoint.safetensors.aside-1 now",
    ]
    assert sum(report[2].startswith("training") for report in watcher.shown) == 4
    assert same_weights(before, weights(run))
    assert [row.step for row in read_log(run.log_path)] == [1, 2, 3, 4]
    assert run.checkpoint_path.read_bytes() == checkpoint
    assert files_of_comparison(run) == compared, "from the same weights: nothing to compare again"


@pytest.mark.parametrize("changed", ["environment.json", "stages.json"])
def test_intact_weights_are_not_trained_again_for_another_files_sake(run, tiny_experiment_config, watcher, changed):
    before = weights(run)
    run.write_json(changed, {"train": "0" * 64})
    watcher.shown.clear()
    train_and_compare(run, tiny_experiment_config, None, watcher.progress)
    assert watcher.shown == []
    (said,) = watcher.said
    assert said.endswith("train is made again")
    assert same_weights(before, weights(run))
    assert run.environment()["seed"] == 0
