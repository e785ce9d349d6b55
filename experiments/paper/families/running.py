"""Train and compare small models of every family, pair by pair, and write the table and the report."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from analysis.inputs import parse_input_set
from curvature.errors import ConfigError
from experiments.paper.families.config import FamiliesConfig
from experiments.paper.families.report import render
from experiments.paper.families.table import families_table
from experiments.paper.pairs import Pair
from experiments.paper.presets import preset_experiment
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.study.samples import pixel_checksums
from experiments.study.sweep.sweeping import Failure, SweepWatch, run_sweep

TABLE, REPORT, RECORD = "families.csv", "families.md", "families.json"
DEFAULT_PAIRS = (Pair("fashion_mnist", "mnist"), Pair("cifar10", "svhn"))


def run_families(
    pairs: Sequence[Pair],
    config: FamiliesConfig,
    work: Path,
    out: RunDirectory,
    watch: Callable[[], SweepWatch],
    workers: int | None,
    command: str,
) -> tuple[Failure, ...]:
    """Run one sweep for every pair, and write table, report and record; finished jobs are not run again.

    Parameters
    ----------
    pairs
        Training set and other set, no training set twice.
    config
        Models, images, seed.
    work
        Directory of the sweeps, each in the directory of its training set's name.
    out
        Where ``families.csv``, ``families.md`` and ``families.json`` are written, if no job failed.
    watch
        Makes what is told of a sweep.
    workers
        Worker processes, one thread each; as many as there are processors unless given.
    command
        The command line that the report names.

    Returns
    -------
    tuple
        The jobs that failed; nothing is written then.

    Raises
    ------
    ConfigError
        If two pairs have the same training set.
    ToolkitError
        Of the kinds that `run_sweep` raises.
    """
    _require_different_training_sets(pairs)
    sweeps: list[pd.DataFrame] = []
    failures: list[Failure] = []
    for pair in pairs:
        settings = config.sweep(pair.train_set, pair.other_set)
        found = run_sweep(settings, work / pair.train_set, watch(), preset_experiment, workers)
        sweeps.append(found.results)
        failures += found.failures
    if failures:
        return tuple(failures)
    names = [name for pair in pairs for name in config.sweep(pair.train_set, pair.other_set).inputs]
    checksums = pixel_checksums(map(parse_input_set, dict.fromkeys(names)))
    record = environment_record(config.seed, data_checksums=checksums)
    table = families_table(sweeps)
    out.write_csv(TABLE, table)
    out.write_json(RECORD, {"settings": config, "pairs": [str(pair) for pair in pairs], "environment": record})
    out.write_text(REPORT, render(table, pairs, config, command, record))
    return ()


def _require_different_training_sets(pairs: Sequence[Pair]) -> None:
    names = [pair.train_set for pair in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"--pairs: expected every training set once, got {name} {names.count(name)} times")
