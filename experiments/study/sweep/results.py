"""One tidy table of what the finished jobs of a sweep found."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from experiments.storage.atomic_write import replacement
from experiments.storage.run_directory import RunDirectory
from experiments.study.sweep.planning import Job
from experiments.training.log import last_row

NAME = "sweep.csv"


def collect_results(jobs: Iterable[Job]) -> pd.DataFrame:
    """Rows of the jobs' comparisons, one for each rung and input set; one row a run where nothing was compared.

    Returns
    -------
    DataFrame
        `run_path` (absolute), `run`, `train_set`, `preset`, `training_seed`, `training_steps` and `training_bpd` (bits
        per dimension, the last row of the training log), then the comparison's own columns
        (`analysis.comparison.compare`), where `seed` is that of the comparison's noise.
    """
    tables = [_rows(job) for job in jobs]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def write_results(out: Path, results: pd.DataFrame) -> Path:
    """Write ``sweep.csv`` atomically; its path.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    path = out / NAME
    with replacement(path) as temporary:
        results.to_csv(temporary, index=False)
    return path


def _rows(job: Job) -> pd.DataFrame:
    run = RunDirectory(job.path)
    last = last_row(run.log_path)
    provenance = {
        "run_path": str(job.path),
        "run": job.name,
        "train_set": job.train_set,
        "preset": job.preset,
        "training_seed": job.seed,
        "training_steps": last.step,
        "training_bpd": last.bits_per_dim,
    }
    if job.comparison is None:
        return pd.DataFrame([provenance])
    comparison = pd.read_csv(run.comparison_path)
    own = comparison.drop(columns=[name for name in provenance if name in comparison])
    return pd.concat([pd.DataFrame([provenance] * len(own)), own], axis="columns")
