"""The defaults of `train` and `demo`, which depend on the preset and the families of the model in the arguments.

They must be known before the options are read, because a family decides which options a model has.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace

from experiments.command_line.options import DemoOptions, TrainOptions
from experiments.models.kinds import with_kinds
from experiments.paper.presets import preset_experiment
from experiments.study.configuration import DataConfig, ExperimentConfig

KIND = re.compile(r"--model\.((?:\w+\.)*kind)")
"""The option of a model's family, or of the family of a model inside it."""


def train_defaults(arguments: Sequence[str]) -> TrainOptions:
    """Read the preset, the training set and the model's families ahead, and return the defaults that they stand for.

    Raises
    ------
    UnknownNameError
        If there is no such preset, data set or family.
    ConfigError
        If a family cannot be inside another.
    """
    ahead = _read_ahead(arguments)
    try:
        patch_size = int(ahead.patch_size)
    except ValueError:
        return TrainOptions()  # the parser of all options will say so
    experiment = ExperimentConfig()
    if ahead.preset is not None:
        experiment = preset_experiment(ahead.preset, ahead.train_set, patch_size=patch_size)
    experiment = replace(experiment, model=with_kinds(experiment.model, _kinds(ahead)))
    return replace(TrainOptions(), preset=ahead.preset, config=experiment)


def demo_defaults(arguments: Sequence[str]) -> DemoOptions:
    """Read the model's families ahead, and return the demo's defaults with a model of these families.

    Raises
    ------
    UnknownNameError
        If there is no such family.
    ConfigError
        If a family cannot be inside another.
    """
    options = DemoOptions()
    return replace(options, model=with_kinds(options.model, _kinds(_read_ahead(arguments))))


def _read_ahead(arguments: Sequence[str]) -> argparse.Namespace:
    """Read these options alone. Where a value is missing return the defaults: the parser of all options reports it."""
    data = DataConfig()
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset")
    for option in {word.partition("=")[0] for word in arguments}:
        if found := KIND.fullmatch(option):
            parser.add_argument(option, dest=found[1])
    parser.add_argument("--data.train-set", "--data.train_set", dest="train_set", default=data.train_set)
    parser.add_argument("--data.patch-size", "--data.patch_size", dest="patch_size", default=str(data.patch_size))
    try:
        return parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError:
        return parser.parse_args([])


def _kinds(ahead: argparse.Namespace) -> dict[str, str]:
    """The families that were chosen, as `experiments.models.kinds.with_kinds` takes them."""
    return {name: kind for name, kind in vars(ahead).items() if name.rpartition(".")[2] == "kind"}
