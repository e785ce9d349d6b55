"""Ctrl-C and SIGTERM stop a command in the same way, and training only between two steps."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
"""Exit code of a command that Ctrl-C stopped (130)."""
TERMINATED = 128 + signal.SIGTERM
"""Exit code of a command that SIGTERM stopped (143)."""


@dataclass
class Termination:
    """The handler of SIGTERM inside `sigterm_as_ctrl_c`; it remembers whether there was one."""

    received: bool = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        self.received = True
        raise KeyboardInterrupt


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[Termination]:
    """Raise KeyboardInterrupt inside the block when SIGTERM arrives, as Python does for Ctrl-C.

    A SystemExit with the exit code of Ctrl-C, 130, leaves the block with 143 if SIGTERM came, which is what a shell
    shows for a program that SIGTERM ended. Nothing changes outside the main thread, where Python handles no signals,
    nor where SIGTERM is ignored or has a handler already.

    Examples
    --------
    ``@sigterm_as_ctrl_c()`` above a command's `main`, or ``with sigterm_as_ctrl_c(): work()``.
    """
    termination = Termination()
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield termination
        return
    signal.signal(signal.SIGTERM, termination)
    try:
        yield termination
    except SystemExit as stop:
        if termination.received and stop.code == INTERRUPTED:
            sys.exit(TERMINATED)
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@dataclass
class InterruptRequest:
    """Whether Ctrl-C was pressed, or SIGTERM came, since the block began."""

    requested: bool = False


@contextmanager
def deferred_interrupt() -> Iterator[InterruptRequest]:
    """Record the first Ctrl-C or SIGTERM inside the block instead of raising; the second raises KeyboardInterrupt.

    SIGTERM is recorded where it is handled as Ctrl-C (`sigterm_as_ctrl_c`), and otherwise left alone. Nothing changes
    outside the main thread, nor for a Ctrl-C that is ignored or handled by something other than Python.
    """
    request = InterruptRequest()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    termination = before[signal.SIGTERM]

    def remember(signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGTERM and isinstance(termination, Termination):
            termination.received = True
        if request.requested:
            raise KeyboardInterrupt
        request.requested = True

    deferred = []
    if threading.current_thread() is threading.main_thread():
        if callable(before[signal.SIGINT]):
            deferred.append(signal.SIGINT)
        if isinstance(termination, Termination):
            deferred.append(signal.SIGTERM)
    for number in deferred:
        signal.signal(number, remember)
    try:
        yield request
    finally:
        for number in deferred:
            signal.signal(number, before[number])
