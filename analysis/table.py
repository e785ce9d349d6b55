"""The comparison as a terminal table: a row for each input set, a column for each rung, standard errors beneath."""

import math

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from analysis.resolution import sign_is_wrong

WRONG_SIGN = "!"
MEASURED_COLUMNS = ("BPD", "measured")
CELL_WIDTH = 10
LEGEND = (
    "Gaps in bits/dim against the training images (negative = more likely), ± one standard error beneath. "
    f"'{WRONG_SIGN}' marks a prediction with the wrong sign, where both numbers lie two standard errors from zero. "
    "n: the quadrature nodes that `path` took."
)


def comparison_tables(
    comparison: pd.DataFrame, width: int, by: str = "input_set", title: str | None = None, caption: str | None = LEGEND
) -> list[Table]:
    """Tables of the comparison of one training set: one if it fits the width, otherwise the rungs spread over several.

    Parameters
    ----------
    comparison
        Tidy rows as `analysis.comparison.compare` makes them.
    width
        Columns of the terminal.
    by
        The column that tells the table's rows apart.
    title, caption
        Above each table, and beneath the last.
    """
    title = title or f"Trained on {comparison['train_set'].iloc[0]}: predicted and measured gaps"
    rungs = list(dict.fromkeys(comparison["rung"]))
    names = max(len(str(name)) for name in (by, *comparison[by]))
    at_once = max(1, (width - names - 1) // CELL_WIDTH - len(MEASURED_COLUMNS))
    parts = [rungs[start : start + at_once] for start in range(0, len(rungs), at_once)]
    return [_table(comparison, part, by, title, caption if part is parts[-1] else None) for part in parts]


def _table(comparison: pd.DataFrame, rungs: list[str], by: str, title: str, caption: str | None) -> Table:
    table = Table(
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        caption_justify="left",
    )
    table.add_column(by.replace("_", " "), no_wrap=True)
    for column in (*MEASURED_COLUMNS, *rungs):
        table.add_column(column.replace("-curvature", "-\ncurvature"), justify="right", no_wrap=True)
    for name, rows in comparison.groupby(by, sort=False):
        first = rows.iloc[0]
        cells = [_cell(first["bpd"], first["bpd_se"], signed=False), _cell(first["measured"], first["measured_se"])]
        for _, row in rows[rows["rung"].isin(rungs)].iterrows():
            cell = _cell(row["predicted"], row["predicted_se"], wrong_sign=sign_is_wrong(row))
            if row["rung"] == "path":
                cell.append(f" n={row['nodes']:.0f}", style="dim")
            cells.append(cell)
        table.add_row(str(name), *cells)
    return table


def _cell(value: float, standard_error: float, signed: bool = True, wrong_sign: bool = False) -> Text:
    decimals = _decimals(value)
    number = f"{value:{'+' if signed else ''}.{decimals}f}".replace("-", "−")
    text = Text(number + (WRONG_SIGN if wrong_sign else ""), style="bold red" if wrong_sign else "")
    text.append(f"\n±{standard_error:.{decimals}f}", style="dim")
    return text


def _decimals(value: float) -> int:
    """Three decimals below ten, fewer for the large numbers of rungs that are off by orders of magnitude."""
    if not math.isfinite(value) or abs(value) < 10:
        return 3
    return 1 if abs(value) < 1000 else 0
