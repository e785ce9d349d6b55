"""The log and the evaluations for TensorBoard, in ``tensorboard/`` of the run directory."""

from pathlib import Path
from typing import TYPE_CHECKING

from curvature.errors import ConfigError
from experiments.storage.atomic_write import cannot_write
from experiments.training.evaluation import Evaluation
from experiments.training.log import LogRow
from experiments.training.state import TrainingState

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """An observer that writes scalars; where a run goes on, those of later steps are purged.

    Parameters
    ----------
    directory
        Where the events go.
    evaluation
        Whose results are shown too; it must be among the observers before this one.

    Raises
    ------
    ConfigError
        If the library is missing.
    """

    def __init__(self, directory: Path, evaluation: Evaluation | None = None) -> None:
        try:
            import torch.utils.tensorboard  # noqa: F401 - only whether it can be imported
        except ImportError as error:
            raise ConfigError(
                "training setting tensorboard: the library tensorboard is missing; "
                "install likelihood-curvature[tensorboard], or leave the setting out"
            ) from error
        self.directory = directory
        self.evaluation = evaluation
        self._writer: SummaryWriter | None = None

    def begin(self, state: TrainingState) -> None:
        """Open a file of events that hides those of steps that will be done again.

        Raises
        ------
        RunDirectoryError
            If it cannot be written.
        """
        from torch.utils.tensorboard import SummaryWriter

        try:
            self._writer = SummaryWriter(str(self.directory), purge_step=state.step + 1 if state.step else 0)
        except OSError as error:
            raise cannot_write(self.directory, error) from error

    def after_row(self, row: LogRow) -> None:
        """Write the numbers of a row of the log.

        Raises
        ------
        RunDirectoryError
            If they cannot be written.
        """
        self._write(
            row.step,
            {
                "training/bits_per_dim": row.bits_per_dim,
                "training/gradient_norm": row.gradient_norm,
                "training/learning_rate": row.learning_rate,
                "training/images_per_second": row.images_per_second,
            },
        )

    def after_step(self, state: TrainingState) -> None:
        """Write what was measured after this step, if anything was.

        Raises
        ------
        RunDirectoryError
            If it cannot be written.
        """
        rows = self.evaluation.rows_of(state.step) if self.evaluation is not None else []
        self._write(state.step, {f"evaluation/{row.input_set}": row.bpd for row in rows})

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, step: int, scalars: dict[str, float]) -> None:
        if self._writer is None or not scalars:
            return
        try:
            for name, value in scalars.items():
                self._writer.add_scalar(name, value, step)
            self._writer.flush()
        except OSError as error:
            raise cannot_write(self.directory, error) from error
