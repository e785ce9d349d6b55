"""`likelihood-curvature train`: train a flow in a run directory, or resume; in one process or several."""

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
from experiments.study.memory_needs import (
    event_shape_of,
    require_memory_for_inputs,
    require_memory_for_training,
)
from experiments.study.samples import read_input_names
from experiments.study.trained_model import read_experiment
from experiments.study.training import train_run
from experiments.training.processes import joined_processes
from experiments.training.progress import TerminalProgress


def run(options: TrainOptions) -> None:
    """Train or resume, with a progress bar; on Ctrl-C a checkpoint is kept and the command to resume is printed."""
    if options.resume is not None and options.out is not None:
        raise ConfigError(
            f"--out {options.out}: a run goes on in its own directory, --resume {options.resume}; "
            "leave out one of the two options"
        )
    training = (
        read_experiment(RunDirectory.open(options.resume)).training if options.resume else options.config.training
    )
    with joined_processes(training.device) as processes:
        directory = processes.from_main(partial(_resumed if options.resume else _created, options))
        bar = TerminalProgress(f"training {directory.path}") if processes.is_main else nullcontext()
        with bar as progress:
            result = train_run(directory, options.resume is not None, progress, processes)
        if processes.is_main:
            print(f"{directory.path}: {result}")


def _created(options: TrainOptions) -> RunDirectory:
    # All checks come first: a directory left behind by a refused command would refuse the corrected one.
    require_known_set(options.config.data.train_set)
    evaluation = options.config.evaluation
    counts = dict.fromkeys(read_input_names(evaluation.inputs), evaluation.n_images)
    require_memory_for_inputs(counts, event_shape_of(options.config.data))
    require_memory_for_training(options.config)
    name = directory_name(options.config.data.train_set)
    return RunDirectory.create(options.out or Path("runs") / name, options.config)


def _resumed(options: TrainOptions) -> RunDirectory:
    directory = RunDirectory.open(options.resume or "")
    changed = differences(with_defaults(directory.config(), options.config), to_plain(options.config))
    if options.config != ExperimentConfig() and changed:
        raise ConfigError(
            f"{directory.path}: a resumed run keeps its own configuration, but other options were given "
            f"({'; '.join(changed)}); leave them out, or start another run"
        )
    return directory
