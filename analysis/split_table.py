"""The three parts of a gap as a terminal table: a row for each input set (docs/theory.md, eq. 86)."""

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from analysis.table import number_with_error

LEGEND = (
    "Gaps in bits/dim against the training images (negative = more likely), ± one standard error. The three parts add "
    "up to the measured gap. Second order: the expansion at x0. Higher orders: what Gaussians with the same means and "
    "covariances see beyond it. Beyond two moments: what means and covariances cannot say of the images."
)


def three_parts_table(split: pd.DataFrame) -> Table | None:
    """Lay out the three parts of all gaps under one model; None where there are none.

    Parameters
    ----------
    split
        Tidy rows as `analysis.comparison.split_table` makes them.
    """
    if split.empty:
        return None
    title = Text(f"Trained on {split['train_set'].iloc[0]}: what makes the gaps", style="table.title")
    table = Table(title=title, caption=Text(LEGEND, style="table.caption"), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.title_justify = table.caption_justify = "left"
    table.add_column("input set", no_wrap=True)
    names = list(split["part"].unique())
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for input_set, rows in split.groupby("input_set", sort=False):
        by_part = rows.set_index("part")
        cells = [number_with_error(by_part.loc[n, "gap"], by_part.loc[n, "gap_se"], between=" ") for n in names]
        table.add_row(Text(str(input_set)), *cells)
    return table
