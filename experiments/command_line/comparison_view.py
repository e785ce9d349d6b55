"""The output of a comparison: the table, the files and the figure."""

import pandas as pd
from rich.console import Console

from analysis.table import comparison_tables
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import absent_rungs
from paper_figures.drawing import draw_figure

FIGURE = "predicted-against-measured"


def show(comparison: pd.DataFrame, run: RunDirectory, console: Console) -> None:
    """Print the table and the rungs that are missing, draw the figure, and print the paths of both."""
    figures = draw_figure(FIGURE, run.path)
    for table in comparison_tables(comparison, console.width, left_out=absent_rungs(run)):
        console.print(table)
    console.print(f"tables: {run.comparison_path}\nfigure: {figures[0]}", soft_wrap=True, highlight=False)
