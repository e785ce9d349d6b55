"""What looks on while a model is trained, without changing the outcome."""

from typing import Protocol

from experiments.training.log import LogRow
from experiments.training.state import TrainingState


class Observer(Protocol):
    """What `train` calls between steps, in the main process; it may read the state and must not change it."""

    def begin(self, state: TrainingState) -> None:
        """Take up a run before its next step: a new run at step 0, or one that goes on from its checkpoint."""
        ...

    def after_step(self, state: TrainingState) -> None:
        """Look at the run after a step, before its checkpoint is kept.

        What is missing for a step when its checkpoint is read again is made up for in `begin`.
        """
        ...

    def after_row(self, row: LogRow) -> None:
        """Look at a new row of the log; called before `after_step` of the same step."""
        ...
