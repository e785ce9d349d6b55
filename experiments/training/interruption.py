"""Ctrl-C that waits for the end of the step, so that no checkpoint ever holds a half-updated model."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class InterruptRequest:
    """Whether Ctrl-C was pressed since the block began."""

    requested: bool = False


@contextmanager
def deferred_interrupt() -> Iterator[InterruptRequest]:
    """Record the first Ctrl-C inside the block instead of raising; a second one raises KeyboardInterrupt at once.

    Nothing changes outside the main thread, where Python delivers no signals, and where Ctrl-C is ignored or handled by
    something other than Python.
    """
    request = InterruptRequest()
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield request
        return

    def remember(signum: int, frame: FrameType | None) -> None:
        if request.requested:
            raise KeyboardInterrupt
        request.requested = True

    signal.signal(signal.SIGINT, remember)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, previous)
