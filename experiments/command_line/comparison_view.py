"""What a person sees of a comparison: the table, the files and the figure."""

import pandas as pd
from rich.console import Console

from analysis.table import comparison_tables
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import absent_rungs
from paper_figures.drawing import draw_figure

WIDTH_OF_FILES = 140  # where the output is no terminal
FIGURE = "predicted-against-measured"


def table_console() -> Console:
    """A console as wide as the terminal; wide enough for one table where the output goes to a file or pipe."""
    # Without emoji: the name mine.npz:train holds one.
    console = Console(emoji=False)
    return console if console.is_terminal else Console(width=WIDTH_OF_FILES, emoji=False)


def show(comparison: pd.DataFrame, run: RunDirectory, console: Console) -> None:
    """Print the table with the rungs that are missing, draw the figure, and say where both lie."""
    figures = draw_figure(FIGURE, run.path)
    for table in comparison_tables(comparison, console.width, left_out=absent_rungs(run)):
        console.print(table)
    console.print(f"tables: {run.comparison_path}\nfigure: {figures[0]}", soft_wrap=True, highlight=False)
