"""How a command ends: its exit code, and one line on standard error for everything that stopped it.

0: good. 1: a failed check. 2: a mistake in the arguments or files, or a system that refuses; told in one line. 130:
Ctrl-C. 143: SIGTERM. 141: the reader of standard output has gone, as in `... | head -1`; a shell gives other programs
the same code.
"""

import errno
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from curvature.errors import ToolkitError
from experiments.interruption import INTERRUPTED
from experiments.program import PROGRAM
from experiments.training.told_once import is_told_here, let_another_tell

FAILED_CHECK = 1
USER_MISTAKE = 2
OUTPUT_CLOSED = 141
LONGEST_WORD = 300
"""Characters of a name or path in a message; a longer one is cut."""
INTERRUPTED_LINE = f"{PROGRAM}: interrupted"


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn errors that a user can do something about into one line on standard error and an exit code.

    What is left is a mistake in the program itself, and keeps its traceback.
    """
    try:
        try:
            yield
        finally:
            # Here rather than when Python ends, where nothing could be told any more.
            if sys.stdout is not None:
                sys.stdout.flush()
    except ToolkitError as error:
        if is_told_here(error):
            _say(str(error))
        else:
            let_another_tell()
        _exit(getattr(error, "exit_code", USER_MISTAKE))
    except KeyboardInterrupt as interrupt:
        if is_told_here(interrupt):
            print(INTERRUPTED_LINE, file=sys.stderr)
        _exit(INTERRUPTED)
    except OSError as error:
        if error.filename is None:  # it may be standard output
            is_closed = isinstance(error, BrokenPipeError) and _output_is_closed()
            _discard_output()
            if is_closed:
                sys.exit(OUTPUT_CLOSED)
        _say(_system_error(error))
        sys.exit(USER_MISTAKE)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        _say("the memory was not enough; take fewer images, smaller batches or a narrower model")
        sys.exit(USER_MISTAKE)


def _exit(code: int) -> NoReturn:
    """Exit with this code, also where a KeyboardInterrupt passed through an `exec`, as while a dataclass is made.

    CPython remembers such an interrupt, although it was caught, and would end ``python -m`` by SIGINT instead, whatever
    the exit code. It forgets it with the next `exec`.
    """
    exec("")
    sys.exit(code)


def _say(message: str) -> None:
    words = (word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD - 3]}..." for word in message.split())
    print(f"{PROGRAM}: {' '.join(words)}", file=sys.stderr)


def _system_error(error: OSError) -> str:
    """What the system refused, and of which file."""
    what = str(error.filename) if error.filename is not None else "a file or a connection"
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and error.filename is None:
        what = "standard output or a file"
    why = error.strerror or str(error) or type(error).__name__
    return f"{what}: {why}; check that it is there, that it may be read and written, and that there is free space"


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, or torch's allocator of the CPU or of a device, had no more memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return "allocate memory" in str(error) or "not enough memory" in str(error)


def _output_is_closed() -> bool:
    """Whether whoever read standard output has gone; a broken pipe may be another one."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no such call (Windows), or no file behind the stream
        return True


def _discard_output() -> None:
    """Send what is still in the buffer to nowhere: Python would try to write it again when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (AttributeError, OSError, ValueError):
        return
