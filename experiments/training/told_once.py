"""Of the processes that torchrun started, one tells the user of an error. No torch here: `--help` answers at once."""

import os
import signal
import time

from experiments.training.errors import OtherProcessError

SECONDS_TO_TELL = 5.0


def is_told_here(error: BaseException) -> bool:
    """Whether this process shall tell an error, or that it was interrupted.

    Before the processes have found each other, the first one on every machine tells its errors; afterwards the main one
    does, and the others meet an OtherProcessError.
    """
    return not isinstance(error, OtherProcessError) and os.environ.get("LOCAL_RANK", "0") == "0"


def let_another_tell() -> None:
    """Give the process that tells the error the time for it: torchrun ends all as soon as one has ended."""
    if "LOCAL_RANK" in os.environ:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # torchrun ends this process by it, which is no interruption
        time.sleep(SECONDS_TO_TELL)
