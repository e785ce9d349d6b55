"""The training log, ``log.csv``: one row for every `log_every` steps, without gaps or repeats across interruptions."""

import io
import math
import os
from dataclasses import MISSING, astuple, dataclass, fields
from pathlib import Path
from types import TracebackType

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import cannot_write, write_text
from experiments.storage.plain_file import read_text


@dataclass(frozen=True)
class LogRow:
    """One row of the log."""

    step: int
    """Steps done."""
    bits_per_dim: float
    """Mean loss of the batches since the last row (bits/dim, docs/theory.md, eq. 2)."""
    gradient_norm: float
    """Mean Euclidean norm of the gradient since the last row, before clipping."""
    learning_rate: float
    """Learning rate of the row's step."""
    images_per_second: float
    """Speed since the last row."""
    seconds: float
    """Time spent in training, interruptions left out."""
    peak_memory_mib: float | None = None
    """Largest resident memory of the (main) process so far (MiB); None where unknown."""
    peak_device_memory_mib: float | None = None
    """Largest memory of tensors on its CUDA device so far (MiB); None on the CPU."""


HEADER = ",".join(field.name for field in fields(LogRow))
# Columns that logs of earlier versions lack.
REQUIRED = ",".join(field.name for field in fields(LogRow) if field.default is MISSING)


def read_log(path: Path) -> list[LogRow]:
    """Read the rows of a log; a last row that a kill cut short is ignored.

    Raises
    ------
    RunDirectoryError
        If the file cannot be read or is no training log, or a row is damaged: a number is missing or not finite, or
        its step is not later than the one before.
    """
    try:
        *whole, _ = read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if not whole or whole[0].strip() not in (HEADER, REQUIRED):
        raise RunDirectoryError(f"{path}: is no training log (expected the header {HEADER}); remove it to start anew")
    rows: list[LogRow] = []
    for number, line in enumerate(whole[1:], 2):
        try:
            rows.append(_parse(line, rows[-1].step if rows else 0))
        except ValueError as error:
            raise RunDirectoryError(
                f"{path}: line {number} is damaged ({error}); remove the file to start anew"
            ) from error
    return rows


def last_row(path: Path) -> LogRow:
    """Read the last row of a finished run's log.

    Raises
    ------
    RunDirectoryError
        As `read_log`, or if there are no rows.
    """
    rows = read_log(path)
    if not rows:
        raise RunDirectoryError(f"{path}: holds no rows; train the run again")
    return rows[-1]


class TrainingLog:
    """Writes the log row by row; each row is handed to the system before the next step begins.

    Parameters
    ----------
    path
        The file. Rows of at most `after_step` steps are kept, later ones are dropped: training resumes there.
    after_step
        Steps done so far, 0 for a new log.

    Attributes
    ----------
    seconds
        Time spent in training up to the last row that was kept.
    """

    def __init__(self, path: Path, after_step: int = 0) -> None:
        self.path = path
        kept = [row for row in read_log(path) if row.step <= after_step] if after_step and path.exists() else []
        self.seconds = kept[-1].seconds if kept else 0.0
        write_text(path, HEADER + "\n" + "".join(map(_format, kept)))
        try:
            self._file: io.TextIOBase = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise cannot_write(path, error) from error

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def append(self, row: LogRow) -> None:
        """Write one row.

        Raises
        ------
        RunDirectoryError
            If it cannot be written.
        """
        try:
            self._file.write(_format(row))
            self._file.flush()
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def flush_to_disk(self) -> None:
        """Write all rows to the disk: after a power loss no checkpoint may be there without the rows before it.

        Raises
        ------
        RunDirectoryError
            If they cannot be written.
        """
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_write(self.path, error) from error


def _format(row: LogRow) -> str:
    """One line; floats in the shortest form that reads back to the same bits, always finite, and nothing for None."""
    values = astuple(row)
    known = [value for value in values if value is not None]
    assert all(math.isfinite(value) for value in known), "a non-finite loss stops training before it is logged"
    return ",".join("" if value is None else repr(value) for value in values) + "\n"


def _parse(line: str, step_before: int) -> LogRow:
    """Read one line; ValueError if it is no row that `_format` writes after one of an earlier step."""
    step, *numbers = line.split(",")
    needed, known = REQUIRED.count(","), HEADER.count(",")
    if len(numbers) not in (needed, known):
        raise ValueError(f"expected {known + 1} numbers, got {len(numbers) + 1}")
    values = [float(text) if text or place < needed else None for place, text in enumerate(numbers)]
    if not all(value is None or math.isfinite(value) for value in values):
        raise ValueError("a number is not finite")
    if int(step) <= step_before:
        raise ValueError(f"step {int(step)} after step {step_before}")
    return LogRow(int(step), *values)  # type: ignore[arg-type]
