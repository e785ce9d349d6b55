"""The training log, ``log.csv``: one row for every `log_every` steps, without gaps or repeats across interruptions."""

import csv
import io
import math
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType

from curvature.errors import RunDirectoryError
from experiments.atomic_write import cannot_write, write_text


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


HEADER = ",".join(field.name for field in fields(LogRow))


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
    if not whole or whole[0].strip() != HEADER:
        raise RunDirectoryError(f"{path}: is no training log (expected the header {HEADER}); remove it to start anew")
    try:
        return [LogRow(int(row[0]), *map(float, row[1:])) for row in csv.reader(whole[1:])]
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
    """

    def __init__(self, path: Path, after_step: int = 0) -> None:
        self.path = path
        kept = [row for row in read_log(path) if row.step <= after_step] if after_step and path.exists() else []
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


def _format(row: LogRow) -> str:
    """One line; floats in the shortest form that reads back to the same bits, always finite."""
    values = astuple(row)
    assert all(math.isfinite(value) for value in values), "a non-finite loss stops training before it is logged"
    return ",".join(map(repr, values)) + "\n"
