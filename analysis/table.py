"""The comparison as a terminal table: a row for each input set, a column for each rung, standard errors below."""

import math
from collections.abc import Sequence

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from analysis.resolution import is_impossible, sign_is_wrong
from analysis.table_notes import IMPOSSIBLE, NOT_CONVERGED, WRONG_SIGN, Omission, has_not_converged, legend, notes
from curvature.ladder import registry

MEASURED_COLUMNS = ("BPD", "measured")
CELL_WIDTH = 10
GROUPS = {"moments": "predicted", "samples": "explained", "": ""}
"""Heading over the rungs of each kind, in the order of the columns; none where the comparison has no kinds."""


def comparison_tables(
    comparison: pd.DataFrame,
    width: int,
    by: str = "input_set",
    title: str | None = None,
    with_legend: bool = True,
    left_out: Sequence[Omission] = (),
) -> list[Table]:
    """Lay out the comparison of one training set as one table, or as several if the rungs do not fit the width.

    Parameters
    ----------
    comparison
        Tidy rows as `analysis.comparison.compare` makes them. Where they have the columns `kind`, `converged` and
        `unexplained`, rungs of one kind are grouped, paths that did not converge are marked, and the gaps that `path`
        does not explain are listed under the last table.
    width
        Columns of the terminal.
    by
        The column whose values name the rows of the table.
    title
        Above each table.
    with_legend
        Whether the signs and units are explained under the last table.
    left_out
        Rungs that could not be evaluated, with the reasons.
    """
    title = title or f"Trained on {comparison['train_set'].iloc[0]}: predicted and measured gaps"
    groups = _rungs_by_group(comparison)
    rungs = [rung for group in GROUPS for rung in groups[group]]
    names = max(len(str(name)) for name in (by, *comparison[by]))
    at_once = max(1, (width - names - 1) // CELL_WIDTH - len(MEASURED_COLUMNS))
    parts = [rungs[start : start + at_once] for start in range(0, len(rungs), at_once)]
    lines = [*([legend(comparison)] if with_legend else []), *notes(comparison, left_out)]
    tables = [_table(comparison, part, groups, by, title) for part in parts]
    tables[-1].caption = Text("\n".join(lines), style="table.caption") if lines else None
    return tables


def _rungs_by_group(comparison: pd.DataFrame) -> dict[str, list[str]]:
    """Rungs of each kind, in the order of the rows."""
    kinds = comparison["kind"] if "kind" in comparison else pd.Series("", comparison.index)
    found: dict[str, list[str]] = {group: [] for group in GROUPS}
    for rung, kind in dict(zip(comparison["rung"], kinds, strict=True)).items():
        found[kind if kind in GROUPS else ""].append(rung)
    return found


def _table(comparison: pd.DataFrame, part: list[str], groups: dict[str, list[str]], by: str, title: str) -> Table:
    """The measured columns and some of the rungs: a table for each group, side by side."""
    rows = list(comparison.groupby(by, sort=False))
    whole = Table.grid(padding=(0, 1, 0, 0))
    # As text: names of files may hold what rich would read as markup or as an emoji.
    whole.title, whole.caption_justify = Text(title, style="table.title"), "left"
    tables = [_measured(by.replace("_", " "), rows)]
    for group, rungs in groups.items():
        if shown := [rung for rung in part if rung in rungs]:
            tables.append(_predicted(GROUPS[group], shown, [each for _, each in rows]))
    for _ in tables:
        # Only some groups have a heading over their columns; below it all have the same number of lines.
        whole.add_column(vertical="bottom", no_wrap=True)
    for line in ((), tables, ()):
        whole.add_row(*line)
    return whole


def _measured(heading: str, rows: Sequence[tuple[object, pd.DataFrame]]) -> Table:
    """Names of the rows, the bits per dimension and the measured gaps."""
    table = _plain_table("")
    table.add_column(heading, no_wrap=True)
    for column in MEASURED_COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for name, each in rows:
        first = each.iloc[0]
        bpd = number_with_error(first["bpd"], first["bpd_se"], signed=False)
        table.add_row(Text(str(name)), bpd, number_with_error(first["measured"], first["measured_se"]))
    return table


def _predicted(heading: str, rungs: list[str], rows: Sequence[pd.DataFrame]) -> Table:
    """The predictions of some rungs, under a common heading."""
    table = _plain_table(heading)
    # A heading over one narrow column would be cut within the word.
    least = len(heading) if len(rungs) == 1 else None
    for rung in rungs:
        table.add_column(_column_heading(rung), justify="right", no_wrap=True, min_width=least)
    for each in rows:
        found = {row["rung"]: row for _, row in each.iterrows()}
        table.add_row(*(_prediction(found[rung]) if rung in found else Text(" \n ") for rung in rungs))
    return table


def _column_heading(rung: str) -> str:
    """The rung's name on two lines, so that the headings of all groups have the same height."""
    return rung.replace("-curvature", "-\ncurvature") if "-curvature" in rung else f"\n{rung}"


def _plain_table(heading: str) -> Table:
    return Table(title=heading or None, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)


def _prediction(row: pd.Series) -> Text:
    is_wrong = sign_is_wrong(row) and not registry.rung(row["rung"]).is_part
    marks = WRONG_SIGN * is_wrong + NOT_CONVERGED * has_not_converged(row) + IMPOSSIBLE * is_impossible(row)
    cell = number_with_error(row["predicted"], row["predicted_se"], marks=marks, style="bold red" if is_wrong else "")
    if row["rung"] == "path":
        cell.append(f" n={row['nodes']:.0f}", style="dim")
    return cell


def number_with_error(
    value: float, standard_error: float, signed: bool = True, marks: str = "", style: str = "", between: str = "\n"
) -> Text:
    """A number and its standard error, beneath it or beside it, with as many decimals as its size calls for."""
    decimals = _decimals(value)
    number = f"{value:{'+' if signed else ''}.{decimals}f}".replace("-", "−")
    text = Text(number + marks, style=style)
    text.append(f"{between}±{standard_error:.{decimals}f}", style="dim")
    return text


def _decimals(value: float) -> int:
    """Three decimals below ten, fewer for the large numbers of rungs that are off by orders of magnitude."""
    if not math.isfinite(value) or abs(value) < 10:
        return 3
    return 1 if abs(value) < 1000 else 0
