"""Findings about log p as a detector: its AUROC on the paper's pairs."""

from collections.abc import Callable
from math import hypot

import pandas as pd

from analysis.claims_engine.claim import Finding, Tables
from analysis.claims_engine.measured import subject
from analysis.claims_engine.pair_gaps import of_paper_pairs
from analysis.claims_engine.region import ABOVE_ZERO, Region

TABLES = ("families", "measurements")
"""The tables that hold AUROCs."""
COLUMNS = ["label", "model", "family", "train_set", "input_set", "auroc", "auroc_se"]
CHANCE = Region(low=0.5)
WORSE_THAN_CHANCE = Region(high=0.5)


def aurocs(tables: Tables) -> pd.DataFrame:
    """The AUROC of log p for the paper's pairs, a row for each model and pair: columns `COLUMNS`."""
    labels = {"families": "preset", "measurements": "run"}
    found = [tables[name].rename(columns={labels[name]: "label"})[COLUMNS] for name in TABLES if name in tables]
    rows = pd.concat(found, ignore_index=True)
    same = rows.assign(auroc=rows["auroc"].round(9))
    rows = rows[~same.duplicated(["model", "train_set", "input_set", "auroc"]) & rows["auroc"].notna()]
    return of_paper_pairs(rows)


def auroc_findings(tables: Tables, choose: Callable[[pd.DataFrame], "pd.Series"], region: Region) -> list[Finding]:
    """The AUROC under the models that are chosen."""
    rows = aurocs(tables)
    return [Finding(subject(row), row["auroc"], row["auroc_se"], region) for _, row in rows[choose(rows)].iterrows()]


def auroc_differences(tables: Tables, better: str, worse: str) -> list[Finding]:
    """The AUROC under one kind of model less that under another, for every pair that both were trained on.

    Parameters
    ----------
    tables
        With `families` or `measurements`.
    better, worse
        How the models' labels begin; the claim says that the first detects better. The errors are those of
        independent images, of one training run each.
    """
    findings = []
    for (train, shown), rows in aurocs(tables).groupby(["train_set", "input_set"], sort=False):
        first, second = (rows[rows["model"].str.startswith(start)] for start in (better, worse))
        findings += [
            Finding(
                f"{train} -> {shown} ({one['label']} less {other['label']})",
                one["auroc"] - other["auroc"],
                hypot(one["auroc_se"], other["auroc_se"]),
                ABOVE_ZERO,
            )
            for _, one in first.iterrows()
            for _, other in second.iterrows()
        ]
    return findings
