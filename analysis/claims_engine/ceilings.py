"""Findings about gaps as shares of the ceiling of a constant-volume flow (docs/theory.md, eq. 87)."""

from collections.abc import Callable
from math import hypot, sqrt

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
    share, ceiling = -row[column] / row["ceiling"], row["ceiling"]
    is_measured = column == "measured"
    error = _measured_error(row, share) if is_measured else hypot(row["predicted_se"], share * row["ceiling_se"])
    prediction = -row["predicted"] / ceiling if is_measured else None
    name = f"{row['train_set']} -> {row['input_set']} ({row['run']})"
    return Finding(name, share, error / ceiling, region, prediction)


def _measured_error(row: "pd.Series", share: float) -> float:
    """The error of a measured share, times the ceiling.

    Gap and ceiling share the training images: the gap is E_q less E_p of ``|z|^2 / 2 sigma^2`` and the ceiling is E_p,
    so that the share is ``1 - E_q / E_p``, a ratio of means over different images. A prediction has no such form; its
    error and the ceiling's are taken as independent.
    """
    of_inputs = max(row["measured_se"] ** 2 - row["ceiling_se"] ** 2, 0.0)
    return hypot(sqrt(of_inputs), (1 - share) * row["ceiling_se"])
