"""The record of a reference model: its training settings, data, machine, time, and measured likelihoods."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import pandas as pd

from analysis.stored_table import read_table
from curvature.errors import CheckpointError, RunDirectoryError
from experiments.paper.reference_models.shipped import CARD, LIKELIHOODS, WEIGHTS
from experiments.storage.file_digest import file_digest
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import from_plain
from experiments.study.configuration import ExperimentConfig
from experiments.training.log import last_row

FILES = (WEIGHTS, "config.json", "environment.json", "log.csv", LIKELIHOODS, CARD)
LIKELIHOOD_COLUMNS = ("input_set", "bpd", "bpd_se", "n_images")
NUMBER = (int, float)
MACHINE: Mapping[str, Any] = {
    "package": {"name": str, "version": (str, NoneType), "git_commit": (str, NoneType)},
    "data": dict,
    "seed": (int, NoneType),
    "threads": int,
    "processor": str,
    "device": str,
    "torch": str,
    "python": str,
}
"""What a run's ``environment.json`` must hold to become a reference model, and of which types."""
ENVIRONMENT: Mapping[str, Any] = {
    "train_images": {
        **dict.fromkeys(
            ("label", "title", "source", "preprocessing", "licence", "citation", "homepage", "sha256"), str
        ),
        "count": int,
        "shape": list,
    },
    "training": {"steps": int, "seconds": NUMBER, "images_per_second": NUMBER},
    "weights": {"storage": str, "sha256": str, "parameters": int, "bytes": int, "bpd_moved_by_storage": NUMBER},
    **MACHINE,
}
"""The same for a reference model's own ``environment.json``."""


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
        If a file is missing or cannot be read, or a part of the record is missing or of another type.
    CheckpointError
        If the weights have another checksum than the record names.
    """
    missing = [name for name in FILES if not (path / name).is_file() and not (unfinished and name == CARD)]
    if missing:
        raise RunDirectoryError(f"{path}: the model's record lacks {', '.join(missing)}; export the model again")
    run = RunDirectory(path)
    environment = read_environment(run, ENVIRONMENT, "export the model again")
    if file_digest(path / WEIGHTS) != environment["weights"]["sha256"]:
        raise CheckpointError(f"{path / WEIGHTS}: is damaged or was exchanged (the record has another checksum)")
    config = from_plain(ExperimentConfig, run.config(), str(run.config_path))
    last_row(run.log_path)
    return ReferenceRecord(path, config, environment, _read_likelihoods(path / LIKELIHOODS))


def read_environment(run: RunDirectory, parts: Mapping[str, Any], remedy: str) -> dict[str, Any]:
    """Read ``environment.json`` and check that it has some parts.

    Parameters
    ----------
    parts
        `MACHINE` or `ENVIRONMENT`: the type of each part, or a mapping of its own parts.
    remedy
        What to do where one is missing, for the message.

    Raises
    ------
    RunDirectoryError
        If it cannot be read, or a part is missing or of another type.
    """
    environment = run.environment()
    faults = _faults(environment, parts)
    if faults:
        raise RunDirectoryError(f"{run.environment_path}: {'; '.join(faults)}; {remedy}")
    return environment


def _faults(found: Mapping[str, Any], parts: Mapping[str, Any], where: str = "") -> list[str]:
    faults = []
    for name, wanted in parts.items():
        place, is_mapping = f"{where}{name}", isinstance(wanted, Mapping)
        if name not in found:
            faults.append(f"lacks {place}")
        elif not isinstance(found[name], dict if is_mapping else wanted) or isinstance(found[name], bool):
            faults.append(f"{place} is {found[name]!r:.30}, of the wrong type")
        elif is_mapping:
            faults += _faults(found[name], wanted, f"{place}.")
    return faults


def _read_likelihoods(path: Path) -> pd.DataFrame:
    try:
        table = read_table(path, LIKELIHOOD_COLUMNS[:1], LIKELIHOOD_COLUMNS[1:])
    except RunDirectoryError as error:
        raise RunDirectoryError(f"{error}; export the model again") from error
    return table[list(LIKELIHOOD_COLUMNS)]
