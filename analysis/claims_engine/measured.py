"""The measured gaps of all models of pixels in one form: a row for each model and input set."""

import pandas as pd

from analysis.claims_engine.claim import Tables

KEY = ("label", "model", "family", "train_set", "input_set")
COLUMNS = (*KEY, "bpd", "bpd_se", "gap", "gap_se", "taylor2", "constant_volume")
DIGITS = 9
"""Decimals of the BPD by which one measurement is recognised that two tables hold."""
EMBEDDING = "embedding"
MEASURED = {"measured": "gap", "measured_se": "gap_se"}
TABLES = ("gaps", "ladder", "families", "comparison")
"""The tables that hold measured gaps."""


def measured_gaps(tables: Tables) -> pd.DataFrame:
    """Gather the measured gaps of ``gaps``, ``ladder``, ``families`` and ``comparison``.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: bits per dimension with standard errors, gaps against the training images, negative = more
        likely; `taylor2` the second order's prediction, NaN where there is none; `constant_volume` whether the model
        is a flow of constant volume. `label` tells models apart: a reference model's name, a preset or a run. Of a
        reference model the numbers of ``gaps``, from more images, take the place of those of ``ladder``; what two
        tables hold of one measurement is one row. Flows on embeddings are left out: their gaps are those of features.
    """
    readers = {"gaps": _of_gaps, "families": _of_families, "comparison": lambda t: _of_comparison(t["comparison"])}
    found = [read(tables) for name, read in readers.items() if name in tables]
    if "ladder" in tables and "gaps" not in tables:
        found.append(_of_comparison(tables["ladder"]))
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    rows = pd.concat(found, ignore_index=True)
    same = rows.assign(bpd=rows["bpd"].round(DIGITS), gap=rows["gap"].round(DIGITS))
    is_new = ~same.duplicated(["train_set", "input_set", "bpd", "gap"])
    return rows[is_new & (rows["family"] != EMBEDDING)].reset_index(drop=True)


def subject(row: "pd.Series") -> str:
    """Training set, input set and model of a row."""
    return f"{row['train_set']} -> {row['input_set']} ({row['label']})"


def _of_gaps(tables: Tables) -> pd.DataFrame:
    """Measured by `gaps`, with family, model and prediction from the ladder where that is there."""
    rows = tables["gaps"].rename(columns={"model": "label", "gap_to_train": "gap", "gap_to_train_se": "gap_se"})
    ladder = _of_comparison(tables["ladder"]) if "ladder" in tables else pd.DataFrame(columns=COLUMNS)
    models = ladder.drop_duplicates("label").set_index("label")
    for name, default in (("model", ""), ("family", ""), ("constant_volume", False)):
        rows[name] = [models[name].get(label, default) for label in rows["label"]]
    predicted = ladder.set_index(["label", "input_set"])["taylor2"].to_dict()
    keys = zip(rows["label"], rows["input_set"], strict=True)
    rows["taylor2"] = [predicted.get(key, float("nan")) for key in keys]
    return rows[list(COLUMNS)]


def _of_families(tables: Tables) -> pd.DataFrame:
    rows = tables["families"].rename(columns={**MEASURED, "preset": "label"})
    return rows.assign(constant_volume=rows["volume_share"] == 0)[list(COLUMNS)]


def _of_comparison(comparison: pd.DataFrame) -> pd.DataFrame:
    """One row for each run and input set; a flow of constant volume has a ceiling, or additive couplings."""
    keys = ["run", "input_set"]
    second = comparison[comparison["rung"] == "taylor2"].drop_duplicates(keys).set_index(keys)["predicted"].to_dict()
    rows = comparison.drop_duplicates(keys).rename(columns={**MEASURED, "run": "label"})
    rows["taylor2"] = [second.get(key, float("nan")) for key in zip(rows["label"], rows["input_set"], strict=True)]
    is_constant = rows["model"].astype(str).str.contains("-additive-")
    if "ceiling" in rows:
        is_constant |= rows["ceiling"].notna()
    return rows.assign(constant_volume=is_constant)[list(COLUMNS)]
