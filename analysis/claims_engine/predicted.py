"""The predictions of all tables in one form: a row for each model, input set and rung."""

from math import copysign, hypot, nan, sqrt

import pandas as pd

from analysis.claims_engine.claim import Finding, Tables
from analysis.claims_engine.measured import subject
from analysis.claims_engine.region import ABOVE_ZERO, Region
from analysis.resolution import is_resolved

COLUMNS = (
    "label",
    "model",
    "train_set",
    "input_set",
    "rung",
    "predicted",
    "predicted_se",
    "measured",
    "measured_se",
    "error_se",
)
TABLES = ("ladder", "families", "comparison")
"""The tables that hold predictions."""
RIGHT_SIZE = Region(0.9, 1.1)
"""Predicted over measured, where a prediction has the size of the gap."""


def predictions(tables: Tables, rung: str) -> pd.DataFrame:
    """Gather what one rung predicts, from ``ladder``, ``families`` and ``comparison``.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, in bits per dimension; `error_se` is NaN for ``families``, which holds no paired errors. A
        run that two tables hold has one row for each input set.
    """
    found = [tables[name].rename(columns={"run": "label"}) for name in ("ladder", "comparison") if name in tables]
    column = rung.replace("-", "_")
    if "families" in tables and column in tables["families"]:
        names = {"preset": "label", column: "predicted", f"{column}_se": "predicted_se"}
        found.append(tables["families"].rename(columns=names).assign(rung=rung, error_se=nan))
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    rows = pd.concat([each.loc[each["rung"] == rung, list(COLUMNS)] for each in found], ignore_index=True)
    same = rows.assign(measured=rows["measured"].round(9), predicted=rows["predicted"].round(9))
    rows = rows[~same.duplicated(["train_set", "input_set", "measured", "predicted"])]
    return rows[rows["predicted"].notna()].reset_index(drop=True)


def of_resolved_gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose measured gap is resolved: only those have a sign and a size to predict."""
    is_known = [is_resolved(gap, error) for gap, error in zip(rows["measured"], rows["measured_se"], strict=True)]
    return rows[is_known]


def ratio_with_error(row: "pd.Series") -> tuple[float, float]:
    """Predicted over measured gap, with its standard error by linearisation.

    Both are taken on the same images, and the standard error of their difference tells how they vary together. Without
    it they are taken as independent, which is more than the error for two numbers that rise together.
    """
    ratio = row["predicted"] / row["measured"]
    predicted, measured = row["predicted_se"], row["measured_se"]
    variance = hypot(predicted, ratio * measured) ** 2
    if pd.notna(row["error_se"]):
        variance -= ratio * (predicted**2 + measured**2 - row["error_se"] ** 2)
    return float(ratio), sqrt(max(variance, 0.0)) / abs(row["measured"])


def sign_findings(tables: Tables, rung: str) -> list[Finding]:
    """One finding for each resolved gap: the prediction, counted positive where it has the gap's sign."""
    return [
        Finding(
            subject(row),
            copysign(1, row["measured"]) * row["predicted"],
            row["predicted_se"],
            ABOVE_ZERO,
            row["predicted"],
        )
        for _, row in of_resolved_gaps(predictions(tables, rung)).iterrows()
    ]


def size_findings(tables: Tables, rung: str) -> list[Finding]:
    """One finding for each resolved gap: predicted over measured, which should lie within `RIGHT_SIZE`."""
    return [
        Finding(subject(row), *ratio_with_error(row), RIGHT_SIZE, row["predicted"])
        for _, row in of_resolved_gaps(predictions(tables, rung)).iterrows()
    ]
