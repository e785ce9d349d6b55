"""The table of evaluations during training, ``evaluations.csv``: one row for every evaluated step and input set."""

import math
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from curvature.errors import RunDirectoryError
from experiments.storage.atomic_write import write_text
from experiments.storage.plain_file import read_text


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
        If the file cannot be read or is no such table, or a row is damaged: a number is missing or out of range.
    """
    try:
        header, *lines = read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if header != ",".join(HEADER):
        raise RunDirectoryError(
            f"{path}: is no table of evaluations (expected the header {','.join(HEADER)}); remove it to start anew"
        )
    if not lines or lines.pop() != "":
        raise RunDirectoryError(f"{path}: its last line is cut off; remove it to start anew")
    rows = []
    for number, line in enumerate(lines, 2):
        try:
            rows.append(_parse(line))
        except ValueError as error:
            raise RunDirectoryError(
                f"{path}: line {number} is damaged ({error}); remove the file to start anew"
            ) from error
    return rows


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


def _parse(line: str) -> EvaluationRow:
    """Read one line; ValueError if it is no row that `write_evaluations` writes."""
    fields_of_line = line.split(",")
    if len(fields_of_line) != len(HEADER):
        raise ValueError(f"expected {len(HEADER)} fields, got {len(fields_of_line)}")
    step, name, bpd, bpd_se, count = fields_of_line
    row = EvaluationRow(int(step), name, float(bpd), float(bpd_se), int(count))
    if row.step < 0 or row.n_images < 1 or not name:
        raise ValueError("expected a step of at least 0, a name, and at least 1 image")
    if math.isinf(row.bpd) or math.isinf(row.bpd_se) or row.bpd_se < 0:
        raise ValueError("expected finite bits/dim with a standard error of at least 0")
    return row
