"""The tables of `results/`: every likelihood with its gaps, and every rung of every ladder."""

import math
from collections.abc import Iterable

import pandas as pd

from analysis.comparison import COLUMNS
from analysis.paper_pairs import Pair
from analysis.resolution import order_of
from experiments.paper.gaps.measuring import ModelJob, stage_tables
from experiments.paper.pairs import PUBLISHED

GAP_COLUMNS = (
    "model",
    "train_set",
    "input_set",
    "kind",
    "bpd",
    "bpd_se",
    "n_images",
    "gap_to_train",
    "gap_to_train_se",
    "gap_to_test",
    "gap_to_test_se",
    "claim",
    "outcome",
    "published_bpd",
    "published_uncertainty",
    "published_source",
)


def gaps_table(jobs: Iterable[ModelJob], pairs: Iterable[Pair]) -> pd.DataFrame:
    """One row for each model and input set.

    Columns `GAP_COLUMNS`: `bpd` in bits per dimension with its standard error; the gaps to the model's own training and
    test images, negative = more likely, with standard errors that take the two sets as independent (for grayed images,
    which are the test images changed, that is too much); for other sets the paper's `claim` and the `outcome`, the
    order that the gap to the training images shows (`analysis.resolution.Order`); and the published number.
    """
    claims = {(pair.train_set, f"{pair.other_set}/test"): pair.claim for pair in pairs}
    published = {(each.train_set, each.input_set): each for each in PUBLISHED}
    tables = []
    for job in jobs:
        table = pd.concat(stage_tables(job, "bpd"), ignore_index=True)
        train_set = job.shown[0].input_set.partition("/")[0]
        for kind in ("train", "test"):
            own = table[table["kind"] == kind].iloc[0]
            is_own = table["kind"] == kind
            table[f"gap_to_{kind}"] = table["bpd"] - own["bpd"]
            error = (table["bpd_se"] ** 2 + own["bpd_se"] ** 2) ** 0.5
            table[f"gap_to_{kind}_se"] = error.where(~is_own, 0.0)
        keys = [(train_set, name) for name in table["input_set"]]
        table["claim"] = [claims.get(key, "") for key in keys]
        table["outcome"] = [
            order_of(row["gap_to_train"], row["gap_to_train_se"]).value if row["kind"] == "other" else ""
            for row in table.to_dict("records")
        ]
        known = [published.get(key) for key in keys]
        table["published_bpd"] = [math.nan if each is None else each.bpd for each in known]
        table["published_uncertainty"] = [math.nan if each is None else each.uncertainty for each in known]
        table["published_source"] = ["" if each is None else each.source for each in known]
        tables.append(table.assign(model=job.model, train_set=train_set))
    return pd.concat(tables, ignore_index=True)[list(GAP_COLUMNS)]


def ladder_table(jobs: Iterable[ModelJob]) -> pd.DataFrame:
    """The tidy comparison of every model (`analysis.comparison.compare`), one row for each input set and rung."""
    tables = [table for job in jobs for table in stage_tables(job, "ladder")]
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]
