"""What is due after every step of a run: rows of the log, observers, checkpoints and progress."""

from collections.abc import Sequence
from functools import partial

from experiments.storage.run_directory import RunDirectory
from experiments.training.averaging import warmed_decay
from experiments.training.checkpoint import save_checkpoint
from experiments.training.config import TrainingConfig
from experiments.training.log import LogRow, TrainingLog
from experiments.training.memory import peak_device_memory_mib, peak_memory_mib
from experiments.training.observer import Observer
from experiments.training.processes import Processes
from experiments.training.progress import Progress
from experiments.training.state import TrainingState
from experiments.training.time_spent import TimeSpent
from experiments.training.update import Update

LOSS_MEAN_DECAY = 0.99


class Records:
    """Counts the steps in every process; only the main process has a log and writes files.

    Parameters
    ----------
    config
        The settings.
    processes
        Those that train together.
    run
        Where the log and checkpoints are kept.
    kept_step
        Step of the checkpoint there, None without one.
    progress, observers
        Told of every row, and of every step; in the main process alone.
    """

    def __init__(
        self,
        config: TrainingConfig,
        processes: Processes,
        run: RunDirectory,
        kept_step: int | None,
        progress: Progress | None,
        observers: Sequence[Observer],
    ) -> None:
        self.config = config
        self.processes = processes
        self.run = run
        self.kept_step = kept_step
        self.log: TrainingLog | None = None
        self.time = TimeSpent()
        self.progress = progress if processes.is_main else None
        self.observers = observers if processes.is_main else ()

    def begin(self, state: TrainingState) -> None:
        """Open the log, and tell the observers where the run begins or goes on.

        Raises
        ------
        RunDirectoryError
            If something cannot be read or written.
        OtherProcessError
            In the other processes, if the main one met an error.
        """
        self.time.seconds = self.processes.from_main(partial(self._begin, state))

    def _begin(self, state: TrainingState) -> float:
        """Begin in the main process; the time spent before."""
        self.log = TrainingLog(self.run.log_path, state.step)
        for observer in self.observers:
            observer.begin(state)
        return self.log.seconds

    def close(self) -> None:
        """Close the log."""
        if self.log is not None:
            self.log.close()

    def after_step(self, state: TrainingState, update: Update, seconds: float) -> None:
        """Count a step, and do what is due after it: a row of the log, observers, a checkpoint, a word on progress.

        Raises
        ------
        RunDirectoryError
            If something cannot be written.
        """
        decay = warmed_decay(LOSS_MEAN_DECAY, state.step)
        state.sums.add(update.bits_per_dim, update.gradient_norm, decay)
        self.time.add(seconds)
        state.step += 1
        is_last = state.step == self.config.steps
        row = None
        if state.step % self.config.log_every == 0 or is_last:
            row = self._end_row(state, update.learning_rate)
            if self.log is not None:
                self.log.append(row)
        state.is_consistent = True
        for observer in self.observers:
            if row is not None:
                observer.after_row(row)
            observer.after_step(state)
        if state.step % self.config.checkpoint_every == 0 and not is_last:
            self.keep(state)
        if row is not None and self.progress is not None:
            seconds_left = (self.config.steps - state.step) * row.seconds / state.step
            self.progress(state.step, self.config.steps, row.bits_per_dim, row.images_per_second, seconds_left)

    def keep(self, state: TrainingState) -> None:
        """Write the checkpoint, after the rows of the log before it are on the disk; not twice for the same step.

        All processes remember the step, which the message of an interruption names.

        Raises
        ------
        RunDirectoryError
            If it cannot be written.
        """
        if self.kept_step == state.step:
            return
        if self.log is not None:
            self.log.flush_to_disk()
            save_checkpoint(self.run.checkpoint_path, state.checkpoint())
        self.kept_step = state.step

    def _end_row(self, state: TrainingState, rate: float) -> LogRow:
        """Turn the running sums into a row of the log, and begin the next."""
        sums = state.sums
        row = LogRow(
            step=state.step,
            bits_per_dim=sums.bits_per_dim / sums.steps,
            gradient_norm=sums.gradient_norm / sums.steps,
            learning_rate=rate,
            images_per_second=self.time.row_steps * self.config.batch_size / max(self.time.row_seconds, 1e-9),
            seconds=self.time.seconds,
            peak_memory_mib=peak_memory_mib(),
            peak_device_memory_mib=peak_device_memory_mib(self.processes.device),
        )
        sums.start_row()
        self.time.start_row()
        return row
