"""The option `--model`: a reference model, a run or one's own; and the output directory that belongs to it."""

import ast
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from torch import nn

from curvature.errors import ConfigError, RunDirectoryError
from experiments.command_line.own_model_options import OwnModelOptions
from experiments.command_line.paths import require_place_for_figures
from experiments.models.importable import is_importable
from experiments.paper.reference_models.loading import ReferenceModel, load_model
from experiments.storage.directory_lock import directory_lock, held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.study.own_model import OwnModel, load_own_model
from experiments.study.trained_model import TrainedModel
from experiments.training.device import keep_float32_exact, select_device

NONE_GIVEN = OwnModelOptions()


def open_model(name_or_run: str, own: OwnModelOptions = NONE_GIVEN) -> TrainedModel | OwnModel:
    """Load the model; print a line on standard error if the local training images are not those it was trained on.

    Parameters
    ----------
    name_or_run
        Name of a reference model, a run directory, or ``package.module:factory``.
    own
        The options of one's own model.

    Raises
    ------
    ConfigError
        If one of these is given for a model that is not one's own, or the arguments are no ``KEY=VALUE``.
    """
    if is_importable(name_or_run):
        return load_own_model(
            name_or_run, read_arguments(own.model_args), own.train_inputs, own.value_range, own.levels
        )
    if own.first_given is not None:
        raise ConfigError(
            f"{own.first_given}: {name_or_run} is no package.module:factory, so it takes none; leave it out"
        )
    trained = load_model(name_or_run)
    if isinstance(trained, ReferenceModel) and trained.notice:
        print(trained.notice, file=sys.stderr)
    return trained


def move(trained: TrainedModel | OwnModel, device: Literal["auto", "cpu", "cuda"]) -> None:
    """Put the model where the option `--device` says; the expansion of its log p computes there.

    Raises
    ------
    ConfigError
        If CUDA is asked for and torch sees none, or the model is a plain function.
    """
    if device == "cpu":
        return
    if not isinstance(trained.model, nn.Module):
        raise ConfigError(f"--device: {trained.name} is a function, which computes where it was made; leave it out")
    selected = select_device(device)
    if selected.type == "cuda":
        keep_float32_exact()
    trained.model.to(selected)


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


@contextmanager
def output_directory(
    trained: TrainedModel | OwnModel, out: Path | None, command: str, settings: Mapping[str, object]
) -> Iterator[RunDirectory]:
    """Yield the output directory: `--out` if given, else the run itself, for any other model ``runs/COMMAND-NAME``.

    It is held during the block: another command is refused there.

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
        If the directory cannot be made, holds something else, or is in use.
    """
    if isinstance(trained, OwnModel):
        path = out or Path("runs") / f"{command}-{trained.name.replace(':', '.')}"
        made_by = {"model": trained.name, "train_inputs": str(trained.train_inputs)}
        require_figures_there(path)
        with held_directory(path):
            yield RunDirectory.create(path, {**made_by, **({} if out is None else settings)})
        return
    is_reference = isinstance(trained, ReferenceModel)
    name = trained.run.path.name
    if out is None and not is_reference:
        require_figures_there(trained.run.path)
        with directory_lock(trained.run.path):
            yield trained.run
        return
    path = Path("runs") / f"{command}-{name}" if out is None else out
    require_figures_there(path)
    # The path of a reference model is that of the installed package, which differs between machines.
    model = name if is_reference else recorded_path(trained.run.path, path)
    with held_directory(path):
        yield RunDirectory.create(path, {"model": model, **({} if out is None else settings)})


def recorded_path(model: Path, out: Path) -> Path:
    """The absolute path of a run, or the path by which the configuration in the directory `out` names the same run.

    One run, given by a relative and by an absolute path, must not make two configurations.
    """
    directory = RunDirectory(out)
    if directory.config_path.is_file():
        recorded = directory.config().get("model")
        if isinstance(recorded, str) and os.path.realpath(recorded) == os.path.realpath(model):
            return Path(recorded)
    return Path(os.path.abspath(model))


def require_figures_there(path: Path) -> None:
    """Refuse a directory in which something else has the name of the directory of figures.

    Raises
    ------
    RunDirectoryError
        If something has.
    """
    try:
        require_place_for_figures(path)
    except ValueError as error:
        raise RunDirectoryError(str(error)) from error
