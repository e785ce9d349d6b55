"""The command line of a configuration reads back to the same configuration."""

from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.command_line.commands import read_options
from experiments.data.registry import DESCRIPTIONS
from experiments.models.registry import configuration
from experiments.paper.presets import PRESETS, preset_experiment
from experiments.paper.training_command import training_arguments, training_command
from experiments.study.configuration import DataConfig, EvaluationConfig, ExperimentConfig
from experiments.training.config import TrainingConfig

CONFIGS = st.builds(
    ExperimentConfig,
    data=st.builds(DataConfig, st.sampled_from(sorted(DESCRIPTIONS)), st.sampled_from([8, 16])),
    model=st.builds(
        configuration,
        levels=st.integers(1, 3),
        width=st.sampled_from([32, 64]),
        activation=st.sampled_from(["silu", "relu"]),
        learn_prior_scale=st.booleans(),
    ),
    training=st.builds(
        TrainingConfig,
        steps=st.sampled_from([100, 6000, 12_000]),
        optimizer=st.sampled_from(["adam", "adamax"]),
        betas=st.sampled_from([(0.9, 0.999), (0.5, 0.9)]),
        clip_norm=st.sampled_from([None, 50.0, 1.5]),
        channels_last=st.booleans(),
        seed=st.integers(0, 3),
    ),
    evaluation=st.builds(EvaluationConfig, inputs=st.sampled_from([(), ("svhn", "cifar10:contrast=0.5")])),
)


def read(arguments):
    return read_options(arguments).config


@settings(max_examples=15, deadline=None)
@given(CONFIGS)
def test_it_reads_back_to_the_same_configuration(config):
    assert read(training_arguments(config)) == config


def test_a_preset_is_named_where_it_was_used():
    for name in PRESETS:
        config = preset_experiment(name, "cifar10", seed=4)
        command = training_command(config, "runs/x")
        assert f"--preset {name}" in command
        assert len(command.split()) == 10, "program, train, and four options with their values"
        assert read(training_arguments(config)) == config
