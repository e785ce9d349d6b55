"""The command line that repeats a training run: a preset, if one shortens it, and the settings that differ.

This module does not import torch.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.data.file_names import is_array_file
from experiments.data.registry import DESCRIPTIONS
from experiments.models.kinds import kinds_of, with_kinds
from experiments.paper.presets import PRESETS, preset_experiment
from experiments.program import PROGRAM
from experiments.storage.serialisation import to_plain
from experiments.study.configuration import DataConfig, ExperimentConfig


def training_arguments(config: ExperimentConfig, out: Path | str | None = None) -> list[str]:
    """Return the shortest arguments of `likelihood-curvature` that train with exactly this configuration.

    Parameters
    ----------
    config
        What the run was trained with.
    out
        The run directory to write to; the default one if left out.
    """
    where = ["--out", str(out)] if out is not None else []
    # A preset looks at the images, which for one's own arrays need not be there any more.
    presets = () if is_array_file(config.data.train_set) else PRESETS
    candidates = [_arguments(config, preset) for preset in (None, *presets)]
    return ["train", *where, *min(candidates, key=len)]


def training_command(config: ExperimentConfig, out: Path | str | None = None) -> str:
    """The arguments as one line for a shell."""
    return shlex.join([PROGRAM, *training_arguments(config, out)])


def _arguments(config: ExperimentConfig, preset: str | None) -> list[str]:
    """Return the preset, the training set, and the settings in which the configuration differs from these."""
    data = config.data
    start = ExperimentConfig(data=DataConfig(data.train_set))
    arguments = ["--data.train-set", data.train_set]
    if preset is not None:
        # The flow of a preset for an embedded set depends on the patch size.
        patch_size = data.patch_size if DESCRIPTIONS[data.train_set].is_embedded else DataConfig().patch_size
        start = preset_experiment(preset, data.train_set, patch_size=patch_size)
        arguments = ["--preset", preset, *arguments]
        if patch_size != DataConfig().patch_size:
            arguments += ["--data.patch-size", str(patch_size)]
    for name, kind in kinds_of(config.model).items():  # a family brings the default families of the models inside it
        if kinds_of(start.model).get(name) != kind:
            arguments += [f"--model.{name}", kind]
            start = replace(start, model=with_kinds(start.model, {name: kind}))
    return arguments + changed_options(start, config)


def changed_options(start: object, config: object) -> list[str]:
    """Options of the settings in which a dataclass differs from another of its kind, by its dotted fields' names."""
    before = dict(_leaves(to_plain(start)))
    changed = {key: value for key, value in _leaves(to_plain(config)) if before[key] != value}
    return [word for key, value in changed.items() for word in _option(key, value)]


def _leaves(plain: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting with its dotted key."""
    for key, value in plain.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _option(key: str, value: Any) -> list[str]:
    """Return one setting as command-line arguments: a flag for a truth value, all items of a list."""
    *sections, name = key.replace("_", "-").split(".")
    if isinstance(value, bool):
        return ["--" + ".".join([*sections, name if value else f"no-{name}"])]
    values = value if isinstance(value, list) else [value]
    return ["--" + ".".join([*sections, name]), *map(str, values)]
