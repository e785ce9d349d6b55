"""The record of a training run's environment, written after this process has locked the run directory."""

from collections.abc import Mapping

from experiments.storage.run_directory import RunDirectory
from experiments.training.log import LogRow
from experiments.training.state import TrainingState


class EnvironmentObserver:
    """Writes ``environment.json`` before the first step; a run that is refused does not change the old record.

    Parameters
    ----------
    run
        Where it is written.
    seed, device, data_checksums
        What `experiments.storage.environment.environment_record` takes.
    """

    def __init__(self, run: RunDirectory, seed: int, device: str, data_checksums: Mapping[str, str]) -> None:
        self.run = run
        self.seed = seed
        self.device = device
        self.data_checksums = data_checksums

    def begin(self, state: TrainingState) -> None:
        """Write the record.

        Raises
        ------
        RunDirectoryError
            If it cannot be written.
        """
        self.run.write_environment(self.seed, self.device, self.data_checksums)

    def after_row(self, row: LogRow) -> None:
        """Nothing: the environment does not change."""

    def after_step(self, state: TrainingState) -> None:
        """Nothing: the environment does not change."""
