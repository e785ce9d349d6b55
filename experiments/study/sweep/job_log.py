"""A job's log, ``job.log``: what the job printed, try after try, and the traceback of what stopped it."""

import os
import platform
import re
import traceback
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO

from experiments.storage.atomic_write import cannot_write

NAME = "job.log"
HEADING = re.compile(r"^=== try (\d+) ", re.MULTILINE)


class JobLog:
    """Collects standard output and standard error of this process in the run directory's ``job.log``.

    Every line is written as it is printed, so that a kill loses none; lines of earlier tries stay.

    Raises
    ------
    RunDirectoryError
        On entering, if the file cannot be written.
    """

    def __init__(self, run: Path) -> None:
        self.path = run / NAME
        self._stack = ExitStack()
        self._file: IO[str] | None = None

    def __enter__(self) -> "JobLog":
        self._file = self._stack.enter_context(_open(self.path))
        self._stack.enter_context(redirect_stdout(self._file))
        self._stack.enter_context(redirect_stderr(self._file))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start_try(self, place: str) -> int:
        """Begin a try with a line that says where and when; its number, counted from 1 over the log's whole life."""
        number = 1 + len(HEADING.findall(self.path.read_text(encoding="utf-8", errors="replace")))
        process = f"process {os.getpid()} on {platform.node()}"
        self._line(f"=== try {number} at {_now()}, worker {place}, {process}")
        return number

    def end_try(self, words: str) -> None:
        """Say how the try ended."""
        self._line(f"=== {_now()}: {words}")

    def traceback(self) -> None:
        """Write the traceback of the exception at hand."""
        traceback.print_exc(file=self._file)

    def _line(self, text: str) -> None:
        print(" ".join(text.split()), file=self._file, flush=True)


def append_to_log(run: Path, words: str) -> None:
    """Add a line to a job's log from outside: what its worker could not write any more."""
    with _open(run / NAME) as file:
        file.write(f"=== {_now()}: {' '.join(words.split())}\n")


def _open(path: Path) -> IO[str]:
    try:
        return path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise cannot_write(path, error) from error


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
