"""The option `--model`: a reference model, a run or one's own; and where what is computed from it goes."""

import ast
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curvature.errors import ConfigError
from experiments.models.importable import is_importable
from experiments.paper.reference_models.loading import ReferenceModel, load_model
from experiments.storage.run_directory import RunDirectory
from experiments.study.own_model import OwnModel, load_own_model
from experiments.study.trained_model import TrainedModel


def open_model(
    name_or_run: str, model_args: Sequence[str] = (), train_inputs: str | None = None
) -> TrainedModel | OwnModel:
    """Load the model; says on standard error, in one line, if its training images here are not those it saw.

    Parameters
    ----------
    name_or_run
        Name of a reference model, a run directory, or ``package.module:factory``.
    model_args, train_inputs
        The options of these names, for one's own model.

    Raises
    ------
    ConfigError
        If one of them is given for a model that is not one's own, or the arguments are no ``KEY=VALUE``.
    """
    if is_importable(name_or_run):
        return load_own_model(name_or_run, read_arguments(model_args), train_inputs)
    if model_args or train_inputs is not None:
        option = "--model-args" if model_args else "--train-inputs"
        raise ConfigError(f"{option}: {name_or_run} is no package.module:factory, so it takes none; leave it out")
    trained = load_model(name_or_run)
    if isinstance(trained, ReferenceModel) and trained.notice:
        print(trained.notice, file=sys.stderr)
    return trained


def read_arguments(pairs: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` pairs; a value is a Python literal (3, 0.5, True, [1, 2]) or else text.

    Raises
    ------
    ConfigError
        If a pair has another form.
    """
    arguments = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise ConfigError(f"--model-args: expected KEY=VALUE, got {pair!r}")
        try:
            arguments[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            arguments[key] = value
    return arguments


def output_directory(
    trained: TrainedModel | OwnModel, out: Path | None, command: str, settings: Mapping[str, object]
) -> RunDirectory:
    """Where a command writes: the directory asked for, else the run itself, else ``runs/COMMAND-NAME``.

    Parameters
    ----------
    trained
        The model.
    out
        The option `--out`.
    command
        The command's name.
    settings
        Its settings, recorded in a directory that was asked for.

    Raises
    ------
    RunDirectoryError
        If the directory cannot be made or holds something else.
    """
    if isinstance(trained, OwnModel):
        path = out or Path("runs") / f"{command}-{trained.name.replace(':', '.')}"
        made_by = {"model": trained.name, "train_inputs": str(trained.train_inputs)}
        return RunDirectory.create(path, {**made_by, **(settings if out is not None else {})})
    is_reference = isinstance(trained, ReferenceModel)
    # A reference model is known by its name: where the package lies says nothing to another reader.
    model = trained.run.path.name if is_reference else trained.run.path
    if out is not None:
        return RunDirectory.create(out, {"model": model, **settings})
    if is_reference:
        return RunDirectory.create(Path("runs") / f"{command}-{model}", {"model": model})
    return trained.run
