"""The record of a reference model: its training settings, data, machine, time, and measured likelihoods."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from curvature.errors import CheckpointError, RunDirectoryError
from experiments.paper.reference_models.shipped import CARD, LIKELIHOODS, WEIGHTS
from experiments.storage.file_digest import file_digest
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import from_plain
from experiments.study.configuration import ExperimentConfig
from experiments.training.log import read_log

FILES = (WEIGHTS, "config.json", "environment.json", "log.csv", LIKELIHOODS, CARD)
LIKELIHOOD_COLUMNS = ("input_set", "bpd", "bpd_se", "n_images")
PARTS = ("train_images", "training", "weights", "package", "data", "seed", "threads", "processor")


@dataclass(frozen=True, eq=False)
class ReferenceRecord:
    """The contents of the files of a reference model."""

    path: Path
    """Its directory."""
    config: ExperimentConfig
    """The configuration it was trained with."""
    environment: dict[str, Any]
    """Code version, libraries, machine, seed, data, training and weights."""
    likelihoods: pd.DataFrame
    """Bits per dimension of the shipped weights, columns `LIKELIHOOD_COLUMNS`."""

    @property
    def name(self) -> str:
        """The name the model is used by."""
        return self.path.name

    @property
    def train_checksum(self) -> str:
        """SHA-256 of the images it was trained on."""
        return str(self.environment["train_images"]["sha256"])


def read_record(path: Path, unfinished: bool = False) -> ReferenceRecord:
    """Read and check the record of a reference model.

    Parameters
    ----------
    path
        The model's directory.
    unfinished
        The card is not written yet.

    Raises
    ------
    RunDirectoryError
        If a file is missing or cannot be read, or a part of the record is missing.
    CheckpointError
        If the weights have another checksum than the record names.
    """
    missing = [name for name in FILES if not (path / name).is_file() and not (unfinished and name == CARD)]
    if missing:
        raise RunDirectoryError(f"{path}: the model's record lacks {', '.join(missing)}; export the model again")
    run = RunDirectory(path)
    environment = run.environment()
    absent = [part for part in PARTS if part not in environment]
    if absent:
        raise RunDirectoryError(f"{run.environment_path}: lacks {', '.join(absent)}; export the model again")
    if file_digest(path / WEIGHTS) != environment["weights"].get("sha256"):
        raise CheckpointError(f"{path / WEIGHTS}: is damaged or was exchanged (the record has another checksum)")
    config = from_plain(ExperimentConfig, run.config(), str(run.config_path))
    read_log(run.log_path)
    return ReferenceRecord(path, config, environment, _read_likelihoods(path / LIKELIHOODS))


def _read_likelihoods(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RunDirectoryError(f"{path}: cannot be read ({error}); export the model again") from error
    if tuple(table.columns) != LIKELIHOOD_COLUMNS:
        raise RunDirectoryError(f"{path}: expected the columns {', '.join(LIKELIHOOD_COLUMNS)}; export the model again")
    return table
