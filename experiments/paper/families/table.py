"""One row for every model and input set: the measured gap, what the second order says of it, and the volume's share."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from experiments.storage.run_directory import RunDirectory
from experiments.study.waic import WAIC

COLUMNS = (
    "preset",
    "family",
    "model",
    "train_set",
    "input_set",
    "training_steps",
    "bpd",
    "bpd_se",
    "measured",
    "measured_se",
    "auroc",
    "auroc_se",
    "taylor2",
    "taylor2_se",
    "taylor2_sign_agrees",
    "path_3",
    "path_3_se",
    "route",
    "volume_share",
    "volume_share_se",
    "waic_gap",
    "waic_gap_se",
    "n_images",
)
SET = "input_set"
VOLUME = "log_det"


def families_table(sweeps: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Gather the rows of finished sweeps (`experiments.study.sweep.results`) and of their runs' own tables.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: gaps and errors in bits/dim against the training images, negative = more likely; `auroc` the
        probability that a training image has the larger log p; `volume_share` the part of the gap that the
        log-determinant makes, empty for models that do not split log p; `waic_gap` for ensembles alone.
    """
    rows = [
        _rows_of_run(Path(str(path)), run) for sweep in sweeps for path, run in sweep.groupby("run_path", sort=False)
    ]
    return pd.concat(rows, ignore_index=True)[list(COLUMNS)]


def _rows_of_run(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one run: its rungs beside each other, and what its other tables add."""
    run = RunDirectory(path)
    rungs = {name: each.set_index(SET) for name, each in rows.groupby("rung")}
    found = rungs["taylor2"].copy()
    found["taylor2"], found["taylor2_se"] = found["predicted"], found["predicted_se"]
    found["taylor2_sign_agrees"] = found["sign_agrees"]
    found["path_3"], found["path_3_se"] = rungs["path-3"]["predicted"], rungs["path-3"]["predicted_se"]
    measured = pd.read_csv(run.file("measurements.csv")).set_index(SET)
    found["auroc"], found["auroc_se"] = measured["auroc"], measured["auroc_se"]
    parts = pd.read_csv(run.file("parts.csv"))
    volume = parts[parts["part"] == VOLUME].set_index(SET)
    found["volume_share"], found["volume_share_se"] = volume["share_of_gap"], volume["share_of_gap_se"]
    found[["waic_gap", "waic_gap_se"]] = float("nan")
    if run.file(WAIC).exists():
        waic = pd.read_csv(run.file(WAIC)).set_index(SET)
        found["waic_gap"], found["waic_gap_se"] = waic["gap"], waic["gap_se"]
    return found.reset_index()
