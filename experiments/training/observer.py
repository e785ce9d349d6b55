"""Observers of training: they see its state between steps, and do not change it."""

from typing import Protocol

from experiments.training.log import LogRow
from experiments.training.state import TrainingState


class Observer(Protocol):
    """What `train` calls between steps, in the main process. It may read the state and must not change it."""

    def begin(self, state: TrainingState) -> None:
        """See a run before its next step: a new run at step 0, or one that goes on from its checkpoint."""
        ...

    def after_step(self, state: TrainingState) -> None:
        """Look at the run after a step, before its checkpoint is kept.

        A run may be killed between this call and the checkpoint, or between the two of them: `begin` must then do what
        is missing.
        """
        ...

    def after_row(self, row: LogRow) -> None:
        """Look at a new row of the log; called before `after_step` of the same step."""
        ...
