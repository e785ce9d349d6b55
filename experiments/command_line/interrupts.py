"""Ctrl-C before any work has begun: one line, and the process ends."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from experiments.command_line.exits import INTERRUPTED, INTERRUPTED_LINE


@contextmanager
def interrupts_end_the_process() -> Iterator[None]:
    """On Ctrl-C while the block runs, print one line and end at once, without cleaning up.

    For imports and the reading of options, which leave nothing to clean up. A KeyboardInterrupt would come out of the
    middle of another library's import, which may turn it into another error or print a traceback of its own.
    """
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_default or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    with suppress(OSError):  # standard error may be closed; sys.stderr may be redirected or in the middle of a line
        os.write(2, f"{INTERRUPTED_LINE}\n".encode())
    os._exit(INTERRUPTED)
