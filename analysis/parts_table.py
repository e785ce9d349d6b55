"""The parts of the gap as a terminal table: a row for each input set and part."""

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from analysis.parts import varying_parts
from analysis.table import number_with_error

RESOLVED_SHARE = 1.0
"""Shares are shown where their standard error is below this: where the gap is near zero they say nothing."""
LEGEND = (
    "Parts of log p in bits/dim against the training images (negative = the part makes the set more likely), ± one "
    "standard error. They add up to the gap of log p; share: of that gap."
)


def parts_table(parts: pd.DataFrame) -> Table | None:
    """Lay out the parts of one training set; None where less than two of them differ between images.

    Parameters
    ----------
    parts
        Tidy rows as `analysis.parts.compare_parts` makes them.
    """
    varying = varying_parts(parts)
    if len(varying) < 2:
        return None
    title = Text(f"Trained on {parts['train_set'].iloc[0]}: the gap part by part", style="table.title")
    table = Table(title=title, caption=Text(LEGEND, style="table.caption"), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.title_justify = table.caption_justify = "left"
    for column in ("input set", "part"):
        table.add_column(column, no_wrap=True)
    for column in ("measured", "share", "taylor2"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, rows in parts[parts["part"].isin(varying)].groupby("input_set", sort=False):
        for index, (_, row) in enumerate(rows.iterrows()):
            measured = number_with_error(row["measured"], row["measured_se"], between=" ")
            taylor2 = number_with_error(row["taylor2"], row["taylor2_se"], between=" ")
            table.add_row(Text(str(name) if index == 0 else ""), Text(row["part"]), measured, _share(row), taylor2)
    return table


def _share(row: pd.Series) -> Text:
    if not row["share_of_gap_se"] < RESOLVED_SHARE:
        return Text("")
    share = Text(f"{100 * row['share_of_gap']:.0f} %".replace("-", "−"))
    share.append(f" ±{100 * row['share_of_gap_se']:.0f}", style="dim")
    return share
