"""Tables read from CSV files that anyone may have edited: their rows, columns and types are checked."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from curvature.errors import RunDirectoryError


def read_table(path: Path, columns: Iterable[str] = (), numbers: Iterable[str] = ()) -> pd.DataFrame:
    """Read a CSV table with at least one row.

    Parameters
    ----------
    path
        A plain file.
    columns
        Names that it must have, in any order and beside others.
    numbers
        Those of them whose values must be numbers; NaN is one.

    Raises
    ------
    RunDirectoryError
        If the file is missing or cannot be read, has no rows, lacks a column, or holds text where numbers are due.
    """
    if not path.exists():
        raise RunDirectoryError(f"{path}: is not there")
    if not path.is_file():
        raise RunDirectoryError(f"{path}: cannot be read (it is no plain file)")
    try:
        table = pd.read_csv(path, low_memory=False)
    except (OSError, ValueError, OverflowError, MemoryError) as error:
        raise RunDirectoryError(f"{path}: cannot be read ({' '.join(str(error).split())[:200]})") from error
    if table.empty:
        raise RunDirectoryError(f"{path}: has no rows")
    missing = [name for name in (*columns, *numbers) if name not in table]
    if missing:
        raise RunDirectoryError(f"{path}: lacks the columns {', '.join(missing)}")
    for name in numbers:
        if not is_numeric_dtype(table[name]) or is_bool_dtype(table[name]):
            raise RunDirectoryError(f"{path}: its column {name!r} holds something else than numbers")
    return table
