"""The training log, ``log.csv``: one row for every `log_every` steps, without gaps or repeats across interruptions."""

import csv
import io
import math
import os
from dataclasses import MISSING, astuple, dataclass, fields
from pathlib import Path
from types import TracebackType

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import cannot_write, write_text


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
    """Read the rows of a log; what a kill left of a half-written last row is passed over.

    Raises
    ------
    RunDirectoryError
        If the file cannot be read or is no training log.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(f"{path}: cannot be read ({error})") from error
    whole = [line for line in lines if line.endswith("\n")]
    if not whole or whole[0].strip() not in (HEADER, REQUIRED):
        raise RunDirectoryError(f"{path}: is no training log (expected the header {HEADER}); remove it to start anew")
    try:
        return [LogRow(int(row[0]), *map(_number, row[1:])) for row in csv.reader(whole[1:])]  # type: ignore[arg-type]
    except (ValueError, TypeError, IndexError) as error:
        raise RunDirectoryError(f"{path}: holds a damaged row ({error}); remove it to start anew") from error


class TrainingLog:
    """Writes the log row by row; each is on its way to the disk before the next step begins.

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
        """Force all rows out of the system's cache, so that no checkpoint outlives the rows before it.

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


def _number(text: str) -> float | None:
    return float(text) if text else None
