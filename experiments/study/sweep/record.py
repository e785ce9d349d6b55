"""The sweep's own directory; ``sweep.json`` in it says which sweep it holds, and another sweep is refused there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curvature.errors import ConfigError, RunDirectoryError
from experiments.storage.atomic_write import write_json
from experiments.storage.directory_lock import held_directory
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import differences, from_plain, to_plain
from experiments.storage.strict_json import read_json
from experiments.study.sweep.config import SweepConfig
from experiments.study.sweep.planning import Job

NAME = "sweep.json"


@contextmanager
def sweep_directory(out: Path, config: SweepConfig, jobs: Sequence[Job]) -> Iterator[None]:
    """Hold the sweep's directory for the length of the block: its record and every job's run directory are there.

    Raises
    ------
    RunDirectoryError
        If the directory holds another sweep (the differing keys are listed), or another run where a job's belongs, if
        another process is at work in it, or it cannot be written.
    """
    with held_directory(out):
        _require_same_sweep(out, config)
        for job in jobs:
            RunDirectory.create(job.path, job.experiment)
        write_json(out / NAME, _record(config, jobs))
        yield


def _record(config: SweepConfig, jobs: Sequence[Job]) -> dict[str, Any]:
    return {
        "sweep": to_plain(config),
        "jobs": [{"run": job.name, "train_set": job.train_set, "preset": job.preset, "seed": job.seed} for job in jobs],
        "environment": environment_record(),
    }


def _require_same_sweep(out: Path, config: SweepConfig) -> None:
    path = out / NAME
    if not path.is_file():
        return
    try:
        kept = to_plain(from_plain(SweepConfig, read_json(path)["sweep"]))
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        raise RunDirectoryError(f"{path}: is damaged ({error!r}); remove it, the runs beside it stay") from error
    changed = differences(kept, to_plain(config))
    if changed:
        raise RunDirectoryError(
            f"{out}: holds another sweep ({'; '.join(changed)}); choose another directory or remove this one"
        )
