"""The option `--model`: a reference model by its name, or a run; and where what is computed from it goes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from experiments.paper.reference_models.loading import ReferenceModel, load_model
from experiments.storage.directory_lock import directory_lock, held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.study.trained_model import TrainedModel


def open_model(name_or_run: str) -> TrainedModel:
    """Load the model; says on standard error, in one line, if its training images here are not those it saw."""
    trained = load_model(name_or_run)
    if isinstance(trained, ReferenceModel) and trained.notice:
        print(trained.notice, file=sys.stderr)
    return trained


@contextmanager
def output_directory(
    trained: TrainedModel, out: Path | None, command: str, settings: Mapping[str, object]
) -> Iterator[RunDirectory]:
    """Where a command writes: the directory asked for, else the run itself, else ``runs/COMMAND-NAME``.

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
    is_reference = isinstance(trained, ReferenceModel)
    # A reference model is known by its name: where the package lies says nothing to another reader.
    model = trained.run.path.name if is_reference else trained.run.path
    if out is None and not is_reference:
        with directory_lock(trained.run.path):
            yield trained.run
        return
    path = Path("runs") / f"{command}-{model}" if out is None else out
    with held_directory(path):
        yield RunDirectory.create(path, {"model": model, **({} if out is None else settings)})
