"""Presets: the published sizes, shapes that fit every data set, and the command line that starts from them."""

from dataclasses import replace

import pytest

from curvature.errors import UnknownNameError
from experiments.command_line.options import TrainOptions
from experiments.command_line.starting_point import train_defaults
from experiments.data.registry import DESCRIPTIONS
from experiments.models.registry import build, configuration
from experiments.paper.presets import PRESETS, preset_experiment
from experiments.study.configuration import ExperimentConfig


def test_paper_preset_has_the_published_sizes():
    assert preset_experiment("paper", "fashion_mnist").model == configuration("glow", levels=2, steps=16, width=200)
    assert preset_experiment("paper", "cifar10").model == configuration("glow", levels=3, steps=8, width=400)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_data_set_has_a_flow_of_its_shape(name):
    experiment = preset_experiment("laptop", name, patch_size=12)
    shape = DESCRIPTIONS[name].event_shape or (3, 12, 12)
    build(replace(experiment.model, steps=1, width=2), shape)
    assert experiment.data.train_set == name


@pytest.mark.parametrize("preset", PRESETS)
def test_the_seed_reaches_the_training(preset):
    assert preset_experiment(preset, "mnist", seed=7).training == replace(PRESETS[preset].training, seed=7)


def test_unknown_names_are_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'laptop'"):
        preset_experiment("labtop", "cifar10")
    with pytest.raises(UnknownNameError, match="did you mean 'cifar10'"):
        preset_experiment("laptop", "cifar")


def test_the_command_line_starts_from_the_preset():
    arguments = ["train", "--preset", "laptop", "--data.train-set", "cifar10", "--training.steps", "5"]
    assert train_defaults(arguments).config == preset_experiment("laptop", "cifar10")
    embedded = ["train", "--data.patch_size=16", "--preset=gpu"]
    assert train_defaults(embedded).config == preset_experiment("gpu", "china", patch_size=16)


@pytest.mark.parametrize("arguments", [[], ["train"], ["train", "--preset"], ["train", "--data.patch-size", "x"]])
def test_without_a_preset_the_plain_defaults_hold(arguments):
    assert train_defaults(arguments) == TrainOptions()
    assert train_defaults(arguments).config == ExperimentConfig()
