"""Where the options of `train` start from: a preset, if one is named; `--help` and single options build on it."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from experiments.command_line.options import TrainOptions
from experiments.paper.presets import preset_experiment
from experiments.study.configuration import DataConfig


def train_defaults(arguments: Sequence[str]) -> TrainOptions:
    """Read `--preset` and the training set ahead of all other options, and return the defaults that they stand for.

    Raises
    ------
    UnknownNameError
        If there is no such preset or data set.
    """
    data = DataConfig()
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset")
    parser.add_argument("--data.train-set", "--data.train_set", dest="train_set", default=data.train_set)
    parser.add_argument("--data.patch-size", "--data.patch_size", dest="patch_size", default=str(data.patch_size))
    try:
        ahead, _ = parser.parse_known_args(arguments)
        patch_size = int(ahead.patch_size)
    except (argparse.ArgumentError, ValueError):
        return TrainOptions()  # a value is missing or no number: the parser of all options will say so
    if ahead.preset is None:
        return TrainOptions()
    experiment = preset_experiment(ahead.preset, ahead.train_set, patch_size=patch_size)
    return replace(TrainOptions(), preset=ahead.preset, config=experiment)
