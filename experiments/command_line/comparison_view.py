"""What a person sees of a comparison: a progress bar while it runs, then the table, the files and the figure."""

from collections.abc import Sequence
from types import TracebackType

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from analysis.table import comparison_tables
from analysis.table_notes import Omission
from experiments.storage.run_directory import RunDirectory
from paper_figures.drawing import draw_figure

WIDTH_OF_FILES = 140  # where the output is no terminal
FIGURE = "predicted-against-measured"


def table_console() -> Console:
    """A console as wide as the terminal; wide enough for one table where the output goes to a file or pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_FILES)


class ComparisonProgress:
    """A bar of images done, with the set at hand; drawn only in a terminal."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("expanding log p")

    def __enter__(self) -> "ComparisonProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int, name: str) -> None:
        """Show the images done of all, and the set they belong to."""
        self._bar.update(self._task, completed=done, total=total, description=f"curvature on {name}")


def show(comparison: pd.DataFrame, run: RunDirectory, console: Console, left_out: Sequence[Omission] = ()) -> None:
    """Print the table with the rungs that were left out, draw the figure, and say where both lie."""
    figures = draw_figure(FIGURE, run.path)
    for table in comparison_tables(comparison, console.width, left_out=left_out):
        console.print(table)
    console.print(f"tables: {run.comparison_path}\nfigure: {figures[0]}", soft_wrap=True, highlight=False)
