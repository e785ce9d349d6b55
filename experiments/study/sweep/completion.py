"""Whether a job is finished, which ``job.json`` in its run directory and the files that it names decide."""

from collections.abc import Iterable

from curvature.errors import ConfigError
from experiments.storage.atomic_write import write_json
from experiments.storage.file_digest import file_digest
from experiments.storage.serialisation import from_plain, to_plain
from experiments.storage.strict_json import read_json
from experiments.study.configuration import ComparisonConfig, ExperimentConfig
from experiments.study.sweep.planning import Job
from experiments.study.train_and_compare import files_made

RECORD = "job.json"


def is_finished(job: Job) -> bool:
    """Whether the run directory holds everything the job makes, made from the job's settings and unchanged since.

    A job whose record is missing, damaged, or made by a version with other settings counts as not finished. It is run
    again, and every stage of it that is finished is kept.
    """
    try:
        record = read_json(job.path / RECORD)
        experiment = from_plain(ExperimentConfig, record["experiment"])
        comparison = None if record["comparison"] is None else from_plain(ComparisonConfig, record["comparison"])
        if (experiment, comparison) != (job.experiment, job.comparison):
            return False
        # Of all files that it makes: a record that was edited may name fewer.
        return all(file_digest(job.path / name) == record["files"][name] for name in files_made(job.comparison))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError):
        return False


def is_begun(job: Job) -> bool:
    """Whether a checkpoint of the job is there, from which it goes on."""
    return (job.path / "checkpoint.safetensors").is_file()


def record_finished(job: Job, files: Iterable[str]) -> None:
    """Write the record that makes the job count as finished.

    Parameters
    ----------
    files
        Names of the files, relative to the run directory, without which it would not be.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    checksums = {name: file_digest(job.path / name) for name in files}
    settings = {"experiment": job.experiment, "comparison": job.comparison}
    write_json(job.path / RECORD, {**to_plain(settings), "files": checksums})
