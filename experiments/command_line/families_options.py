"""The options of `families`. This module does not import torch, so that `--help` answers at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.command_line.paths import ExistingDirectory, OutputDirectory
from experiments.paper.families.config import FamiliesConfig
from experiments.settings import ProcessCount


@dataclass(frozen=True)
class FamiliesOptions:
    """Train small models of every family alike, and measure and predict the gaps of the paper's pairs under them."""

    out: OutputDirectory = Path("results")
    """Directory for the table and the report."""
    work: OutputDirectory = Path("runs/families")
    """Directory of the runs; finished ones are not run again."""
    pairs: tuple[str, ...] = ()
    """Pairs TRAIN:OTHER. Default: fashion_mnist:mnist and cifar10:svhn."""
    workers: ProcessCount | None = None
    """Number of worker processes, one thread each; by default the number of processors."""
    config: Annotated[FamiliesConfig, tyro.conf.arg(name="")] = field(default_factory=FamiliesConfig)
    """Models, images and seed."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets, also for the workers; LIKELIHOOD_CURVATURE_DATA by default."""
