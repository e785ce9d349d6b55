"""The defaults of `train` and `demo`, which depend on the preset and the model's family in the arguments.

They must be known before the options are read, because the family decides which options a model has.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from experiments.command_line.options import DemoOptions, TrainOptions
from experiments.models.registry import configuration
from experiments.paper.presets import preset_experiment
from experiments.study.configuration import DataConfig, ExperimentConfig, of_kind


def train_defaults(arguments: Sequence[str]) -> TrainOptions:
    """Read the preset, the training set and the model's family ahead, and return the defaults that they stand for.

    Raises
    ------
    UnknownNameError
        If there is no such preset, data set or family.
    """
    ahead = _read_ahead(arguments)
    try:
        patch_size = int(ahead.patch_size)
    except ValueError:
        return TrainOptions()  # the parser of all options will say so
    experiment = ExperimentConfig()
    if ahead.preset is not None:
        experiment = preset_experiment(ahead.preset, ahead.train_set, patch_size=patch_size)
    return replace(TrainOptions(), preset=ahead.preset, config=of_kind(experiment, ahead.kind))


def demo_defaults(arguments: Sequence[str]) -> DemoOptions:
    """Read the model's family ahead, and return the demo's defaults with a model of that family.

    Raises
    ------
    UnknownNameError
        If there is no such family.
    """
    kind, options = _read_ahead(arguments).kind, DemoOptions()
    return options if kind in (None, options.model.kind) else replace(options, model=configuration(kind))


def _read_ahead(arguments: Sequence[str]) -> argparse.Namespace:
    """Read these options alone. Where a value is missing return the defaults: the parser of all options reports it."""
    data = DataConfig()
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset")
    parser.add_argument("--model.kind", dest="kind")
    parser.add_argument("--data.train-set", "--data.train_set", dest="train_set", default=data.train_set)
    parser.add_argument("--data.patch-size", "--data.patch_size", dest="patch_size", default=str(data.patch_size))
    try:
        return parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError:
        return parser.parse_args([])
