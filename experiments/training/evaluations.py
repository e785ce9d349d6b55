"""The table of evaluations during training, ``evaluations.csv``: one row for every evaluated step and input set."""

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import write_text


@dataclass(frozen=True)
class EvaluationRow:
    """Likelihood of one input set after some step."""

    step: int
    """Steps done."""
    input_set: str
    """Name of the input set."""
    bpd: float
    """Mean over its images with the averaged weights (bits/dim, docs/theory.md, eq. 2); NaN if one is not finite."""
    bpd_se: float
    """Standard error of that mean."""
    n_images: int
    """Number of images."""


HEADER = [field.name for field in fields(EvaluationRow)]


def read_evaluations(path: Path) -> list[EvaluationRow]:
    """Read the rows.

    Raises
    ------
    RunDirectoryError
        If the file cannot be read or is no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(f"{path}: cannot be read ({error})") from error
    if header != HEADER:
        raise RunDirectoryError(
            f"{path}: is no table of evaluations (expected the header {','.join(HEADER)}); remove it to start anew"
        )
    try:
        return [
            EvaluationRow(int(step), name, float(bpd), float(bpd_se), int(count))
            for step, name, bpd, bpd_se, count in rows
        ]
    except ValueError as error:
        raise RunDirectoryError(f"{path}: holds a damaged row ({error}); remove it to start anew") from error


def write_evaluations(path: Path, rows: list[EvaluationRow]) -> None:
    """Write the table anew and atomically: a kill leaves all rows of a step or none.

    There are a few dozen rows at most, so that appending would save nothing.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    lines = [HEADER, *([repr(v) if isinstance(v, float) else str(v) for v in astuple(row)] for row in rows)]
    # Names of input sets hold no comma, quote or newline (`analysis.inputs`).
    write_text(path, "".join(",".join(line) + "\n" for line in lines))
