"""`likelihood-curvature train`: train a flow in a run directory, or go on with one; in one process or many."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path

from curvature.errors import ConfigError
from experiments.command_line.options import TrainOptions
from experiments.data.catalog import require_known_set
from experiments.data.file_names import directory_name
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import differences, to_plain, with_defaults
from experiments.study.configuration import ExperimentConfig
from experiments.study.samples import read_input_names
from experiments.study.trained_model import read_experiment
from experiments.study.training import train_run
from experiments.training.processes import Processes
from experiments.training.progress import TerminalProgress


def run(options: TrainOptions) -> None:
    """Train or resume, with a progress bar; Ctrl-C keeps the checkpoint and says how to go on."""
    training = (
        read_experiment(RunDirectory.open(options.resume)).training if options.resume else options.config.training
    )
    processes = Processes.join(training.device)
    try:
        directory = processes.from_main(partial(_resumed if options.resume else _created, options))
        bar = TerminalProgress(f"training {directory.path}") if processes.is_main else nullcontext()
        with bar as progress:
            result = train_run(directory, options.resume is not None, progress, processes)
        if processes.is_main:
            print(f"{directory.path}: {result}")
    finally:
        processes.leave()


def _created(options: TrainOptions) -> RunDirectory:
    # A misspelt name must not leave a directory behind that refuses the corrected command.
    require_known_set(options.config.data.train_set)
    read_input_names(options.config.evaluation.inputs)
    return RunDirectory.create(
        options.out or Path("runs") / directory_name(options.config.data.train_set), options.config
    )


def _resumed(options: TrainOptions) -> RunDirectory:
    directory = RunDirectory.open(options.resume or "")
    changed = differences(with_defaults(directory.config(), options.config), to_plain(options.config))
    if options.config != ExperimentConfig() and changed:
        raise ConfigError(
            f"{directory.path}: a resumed run keeps its own configuration, but other options were given "
            f"({'; '.join(changed)}); leave them out, or start another run"
        )
    return directory
