"""The output of a comparison: the table, the files and the figure."""

import pandas as pd
from rich.console import Console

from analysis.parts_table import parts_table
from analysis.split_table import three_parts_table
from analysis.table import comparison_tables
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparison import absent_rungs, parts_of, split_of
from paper_figures.drawing import draw_figure

FIGURE = "predicted-against-measured"


def show(comparison: pd.DataFrame, run: RunDirectory, console: Console) -> None:
    """Print the table, the rungs that are missing, and the gap in parts; draw the figure; print where both are."""
    figures = draw_figure(FIGURE, run.path)
    for table in comparison_tables(comparison, console.width, left_out=absent_rungs(run)):
        console.print(table)
    if (three_parts := three_parts_table(split_of(run))) is not None:
        console.print(three_parts)
    if (by_part := parts_table(parts_of(run))) is not None:
        console.print(by_part)
    console.print(f"tables: {run.comparison_path}\nfigure: {figures[0]}", soft_wrap=True, highlight=False)
