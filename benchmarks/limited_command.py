"""A command in a process of its own with a time limit: asked to stop as by Ctrl-C, and ended if it does not."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SECONDS_TO_STOP = 20.0


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes
    ----------
    exit_code
        Its exit code.
    seconds
        Wall time.
    in_time
        Whether it ended by itself.
    """

    exit_code: int
    seconds: float
    in_time: bool

    @property
    def finished(self) -> bool:
        """Whether it did all of its work."""
        return self.in_time and self.exit_code == 0


def run_within(command: Sequence[str], seconds: float, log: Path) -> Outcome:
    """Run a command, its output in a file, for so many seconds at most.

    It gets a process group of its own, all of which is ended with it. An interrupt of this process stops it, too.
    """
    begun = time.monotonic()
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        in_time = True
        try:
            process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            in_time = False
            _stop(process)
        except BaseException:
            _stop(process)
            raise
    return Outcome(process.returncode, time.monotonic() - begun, in_time)


def last_line(log: Path) -> str:
    """The last line of a command's output that is not empty: its error, if it failed."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Send the interrupt of Ctrl-C to the command alone; then end its whole group."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_STOP)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
