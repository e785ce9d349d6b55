"""`likelihood-curvature train`: train a flow in a run directory, or go on with one."""

from pathlib import Path

from curvature.errors import ConfigError
from experiments.command_line.options import TrainOptions
from experiments.configuration import ExperimentConfig
from experiments.data.catalog import require_known_set
from experiments.plain import differences, to_plain, with_defaults
from experiments.runs import RunDirectory
from experiments.trained_model import train_run
from experiments.training.progress import TerminalProgress


def run(options: TrainOptions) -> None:
    """Train or resume, with a progress bar; Ctrl-C keeps the checkpoint and says how to go on."""
    directory = _resumed(options) if options.resume else _created(options)
    with TerminalProgress(f"training {directory.path}") as progress:
        result = train_run(directory, resume=options.resume is not None, progress=progress)
    print(f"{directory.path}: {result}")


def _created(options: TrainOptions) -> RunDirectory:
    require_known_set(options.config.data.train_set)
    return RunDirectory.create(options.out or Path("runs") / options.config.data.train_set, options.config)


def _resumed(options: TrainOptions) -> RunDirectory:
    directory = RunDirectory.open(options.resume or "")
    changed = differences(with_defaults(directory.config(), options.config), to_plain(options.config))
    if options.config != ExperimentConfig() and changed:
        raise ConfigError(
            f"{directory.path}: a resumed run keeps its own configuration, but other options were given "
            f"({'; '.join(changed)}); leave them out, or start another run"
        )
    return directory
