"""The option `--model`, a reference model's name or a run directory, and the output directory that belongs to it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from curvature.errors import RunDirectoryError
from experiments.command_line.paths import require_place_for_figures
from experiments.paper.reference_models.loading import ReferenceModel, load_model
from experiments.storage.run_directory import RunDirectory
from experiments.study.trained_model import TrainedModel


def open_model(name_or_run: str) -> TrainedModel:
    """Load the model; print a line on standard error if the local training images are not those it was trained on."""
    trained = load_model(name_or_run)
    if isinstance(trained, ReferenceModel) and trained.notice:
        print(trained.notice, file=sys.stderr)
    return trained


def output_directory(
    trained: TrainedModel, out: Path | None, command: str, settings: Mapping[str, object]
) -> RunDirectory:
    """Return the output directory: `--out` if given, else the run itself, for a reference model ``runs/COMMAND-NAME``.

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
    is_reference = isinstance(trained, ReferenceModel)
    if out is not None:
        # The path of a reference model is that of the installed package, which differs between machines.
        model = trained.run.path.name if is_reference else recorded_path(trained.run.path, out)
        return RunDirectory.create(out, {"model": model, **settings})
    if is_reference:
        name = trained.run.path.name
        path = Path("runs") / f"{command}-{name}"
        require_figures_there(path)
        return RunDirectory.create(path, {"model": name})
    require_figures_there(trained.run.path)
    return trained.run


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
