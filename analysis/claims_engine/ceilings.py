"""Findings about gaps as shares of the ceiling of a constant-volume flow (docs/theory.md, eq. 87)."""

from collections.abc import Callable
from math import hypot

import pandas as pd

from analysis.claims_engine.claim import Finding, Tables
from analysis.claims_engine.region import Region

TABLES = ("comparison", "ladder")
"""The tables that hold ceilings; those of older versions do not."""


def shares_of_ceiling(
    tables: Tables,
    column: str,
    region: Region,
    chosen: Callable[[str], bool] = bool,
    only_below_zero: bool = True,
) -> list[Finding]:
    """Minus a gap over the ceiling of its model; 1 is the mode.

    Parameters
    ----------
    tables
        With `comparison` or `ladder`; rows without a ceiling are left out.
    column
        ``measured``, or ``predicted`` by `taylor2`.
    region
        Where the claim says that the share lies.
    chosen
        Which input sets are meant, by their names; all by default.
    only_below_zero
        Whether sets that are not more likely than the training images are left out: they have no share.
    """
    found = [tables[name] for name in TABLES if name in tables and "ceiling" in tables[name]]
    if not found:
        return []
    rows = pd.concat(found, ignore_index=True)
    rows = rows[rows["ceiling"].notna() & (rows["rung"] == "taylor2")].drop_duplicates(["run", "input_set"])
    return [
        _share(row, column, region)
        for _, row in rows.iterrows()
        if chosen(row["input_set"]) and (row[column] < 0 or not only_below_zero)
    ]


def _share(row: "pd.Series", column: str, region: Region) -> Finding:
    """The error takes gap and ceiling as independent; they share the training images, so it is too large."""
    share = -row[column] / row["ceiling"]
    error = hypot(row[f"{column}_se"], share * row["ceiling_se"]) / row["ceiling"]
    prediction = None if column == "predicted" else -row["predicted"] / row["ceiling"]
    return Finding(f"{row['train_set']} -> {row['input_set']} ({row['run']})", share, error, region, prediction)
