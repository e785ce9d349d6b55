"""Draw a figure by its name: read its tables from a directory, call its function and write the files.

This module does not import matplotlib; the first figure that is drawn does.
"""

from pathlib import Path

import pandas as pd

from analysis.stored_table import read_table
from curvature.errors import RunDirectoryError, ToolkitError
from curvature.names import require_known
from paper_figures.registry import RegisteredFigure, registered_figures

DIRECTORY = "figures"
"""Where a directory of tables keeps its figures."""
_PROVENANCE = ("run", "model", "seed")


def draw_figure(name: str, tables: Path) -> list[Path]:
    """Draw one figure from a directory of tables.

    Parameters
    ----------
    name
        Name of a registered figure.
    tables
        The directory of the tables that the figure reads.

    Returns
    -------
    list of Path
        The files written to the subdirectory `DIRECTORY`: a PNG and a PDF.

    Raises
    ------
    UnknownNameError
        If there is no figure of that name; the message has the nearest one.
    RunDirectoryError
        If a table is missing, empty, no CSV file, or does not hold what the figure needs; the message has the command
        that makes it. Or if the files cannot be written.
    """
    known = registered_figures()
    require_known("figure", name, known)
    found = known[name]
    frames = [_read(found, tables / file) for file in found.reads]
    # Imported here because style imports matplotlib, which takes long: errors in the tables are reported without it.
    from paper_figures.style import save, style

    with style():
        try:
            figure = found.draw(*frames)
            return save(figure, tables / DIRECTORY / f"{found.file_stem}.png", _source(found, tables, frames[0]))
        except ToolkitError:
            raise
        except OSError as error:
            raise RunDirectoryError(
                f"{tables / DIRECTORY}: cannot be written ({error.strerror or error}); check permissions and free space"
            ) from error
        except Exception as error:  # a table may hold anything: columns missing, text for numbers, rows twice, infinity
            files = ", ".join(str(tables / file) for file in found.reads)
            why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise RunDirectoryError(f"figure {name!r} cannot be drawn from {files} ({why}){_remedy(found)}") from error


def _read(figure: RegisteredFigure, path: Path) -> pd.DataFrame:
    try:
        return read_table(path)
    except RunDirectoryError as error:
        raise RunDirectoryError(f"figure {figure.name!r} reads {error}{_remedy(figure)}") from error


def _remedy(figure: RegisteredFigure) -> str:
    return f"; make it with `{figure.made_by}`" if figure.made_by else ""


def _source(figure: RegisteredFigure, tables: Path, first: pd.DataFrame) -> str:
    """Source of the figure's numbers: the directory, and run, model and seed where the first table has only one."""
    common = [
        f"{column} {first[column].iloc[0]}"
        for column in _PROVENANCE
        if column in first and first[column].nunique() == 1
    ]
    return f"{', '.join([f'directory {tables.name}', *common])}: {', '.join(figure.reads)}"
