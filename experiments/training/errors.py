"""Errors that stop training before its last step."""

from pathlib import Path

from curvature.errors import NonFiniteError, ToolkitError
from experiments.interruption import INTERRUPTED

MISTAKE = 2
"""Exit code of an error that does not name its own."""


class TrainingInterrupted(ToolkitError):  # noqa: N818 - stopping on request is no error
    """Training was stopped by Ctrl-C or SIGTERM; the checkpoint is kept and training can go on from there.

    Attributes
    ----------
    step
        Number of finished steps in the kept checkpoint (0: none yet, resuming starts from the beginning).
    run
        The run directory.
    """

    exit_code = INTERRUPTED

    def __init__(self, step: int, run: Path) -> None:
        super().__init__(
            f"training interrupted, step {step} is kept in {run}; to go on: likelihood-curvature train --resume {run}"
        )
        self.step = step
        self.run = run


class NonFiniteTrainingError(NonFiniteError):
    """The loss or its gradient became NaN or infinite; the weights were not updated with it.

    Attributes
    ----------
    step
        The step, counted from 1, that could not be done.
    layer
        The first module with a non-finite output, or the parameter with a non-finite gradient.
    """

    def __init__(self, step: int, layer: str) -> None:
        super().__init__(
            f"training stopped at step {step}: {layer} is not finite; the last good checkpoint stays; "
            "lower learning_rate or clip_norm, or use precision float32"
        )
        self.step = step
        self.layer = layer


class OtherProcessError(ToolkitError):
    """One of the processes that train together met an error that another process than this one tells the user.

    Attributes
    ----------
    exit_code
        That of the error itself.
    """

    def __init__(self, message: str, exit_code: int = MISTAKE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
