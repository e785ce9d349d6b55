"""The options of `likelihood-curvature claims`. This module does not import torch, so that `--help` answers at once."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.command_line.paths import ExistingDirectory, OutputDirectory


@dataclass(frozen=True)
class ClaimsOptions:
    """Hold the claims of the paper and its followers against measured tables; a table that is missing is named."""

    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Names of the claims; all by default."""
    results: ExistingDirectory = Path("results")
    """Directory of gaps.csv, ladder.csv and families.csv, or some of them."""
    runs: tuple[ExistingDirectory, ...] = ()
    """Directories of runs, or of many runs, with the tables that compare, trajectory and explain wrote."""
    out: OutputDirectory = Path("results")
    """Directory for claims.csv and claims.md."""
