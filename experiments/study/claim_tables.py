"""The tables that claims read, from a directory of results and from the directories of runs."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pandas as pd

from analysis.claims_engine.table_kinds import TABLE_KINDS, TableKind
from analysis.stored_table import read_table

RUN_DIRECTORY = "run_directory"
"""A further column of the tables of runs: the directory that they lie in."""


def read_claim_tables(results: Path, runs: Iterable[Path]) -> dict[str, pd.DataFrame]:
    """Read every table that is there.

    Parameters
    ----------
    results
        Holds ``gaps.csv``, ``ladder.csv`` and ``families.csv``, or some of them.
    runs
        Directories that hold the tables of runs, themselves or in directories below them.

    Returns
    -------
    dict
        Tables by the names of `TABLE_KINDS`; those of several runs are joined, and have a column `RUN_DIRECTORY`.
        A table without rows, such as the parts of gaps where the rung `gaussian` was not asked for, is left out.

    Raises
    ------
    RunDirectoryError
        If a table cannot be read, or lacks a column.
    """
    directories = tuple(runs)
    found = {name: _files(kind, results, directories) for name, kind in TABLE_KINDS.items()}
    return {name: _joined(TABLE_KINDS[name], paths) for name, paths in found.items() if paths}


def _files(kind: TableKind, results: Path, runs: tuple[Path, ...]) -> list[Path]:
    """The files of one kind, each once, in alphabetical order within a directory."""
    if kind.in_results:
        path = results / kind.file
        return [path] if path.exists() and _has_rows(path) else []
    paths = (path for run in runs for path in sorted(run.rglob(kind.file)))
    return list({path.resolve(): path for path in paths if _has_rows(path)}.values())


def _has_rows(path: Path) -> bool:
    """Whether anything follows the heading; true of what cannot be read, so that reading it tells why."""
    try:
        with path.open("rb") as file:
            return bool(list(islice(file, 1, 2)))
    except OSError:
        return True


def _joined(kind: TableKind, paths: Iterable[Path]) -> pd.DataFrame:
    return pd.concat([_read(kind, path) for path in paths], ignore_index=True)


def _read(kind: TableKind, path: Path) -> pd.DataFrame:
    """One table; names are text, also those that look like numbers."""
    table = read_table(path, kind.columns, kind.numbers)
    return table.astype(dict.fromkeys(kind.columns, str)).assign(**{RUN_DIRECTORY: str(path.parent)})
