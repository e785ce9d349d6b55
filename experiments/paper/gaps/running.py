"""Measure and predict the gaps of all pairs, in one process or several, and write the tables and the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from analysis.inputs import parse_input_set
from analysis.paper_pairs import Pair
from curvature.errors import ConfigError
from curvature.names import unknown_name
from experiments.data.registry import DESCRIPTIONS
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.measuring import ModelJob, measure_model
from experiments.paper.gaps.report import Report, render_report
from experiments.paper.gaps.shown import Shown, shown_to
from experiments.paper.gaps.tables import gaps_table, ladder_table
from experiments.paper.reference_models.record import ReferenceRecord, read_record
from experiments.paper.reference_models.shipped import model_directories
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.study.progress import SILENT
from experiments.study.rungs import RungSettings, require_rungs
from experiments.study.samples import pixel_checksums
from experiments.study.workers import ProgressOf, run_jobs

TABLES = ("gaps.csv", "ladder.csv")
REPORT, RECORD = "README.md", "record.json"


@dataclass(frozen=True, eq=False)
class Plan:
    """The work to be done: a job for each model, made before any work begins."""

    pairs: tuple[Pair, ...]
    """The pairs whose model is available."""
    left_out: tuple[Pair, ...]
    """The pairs whose model is not."""
    jobs: tuple[ModelJob, ...]
    """One for each model."""
    records: tuple[ReferenceRecord, ...]
    """The record of each job's model."""


def make_plan(pairs: Sequence[Pair], config: GapsConfig, work: Path, skip_missing_models: bool) -> Plan:
    """Find the models and all images, so that anything missing is reported before hours of work.

    Raises
    ------
    UnknownNameError
        If a pair's model is missing and may not be left out, if all models are missing, or if there is no rung of a
        number of nodes.
    ConfigError
        If a model was trained on another set than its name says.
    DataNotFoundError
        If a set's images are not there; the message says which command fetches them.
    """
    require_rungs(RungSettings(config.nodes))
    known = model_directories()
    left_out = tuple(pair for pair in pairs if pair.train_set not in known)
    kept = tuple(pair for pair in pairs if pair.train_set in known)
    if left_out and not (skip_missing_models and kept):
        raise unknown_name("model", left_out[0].train_set, known or ["none"])
    names = tuple(dict.fromkeys(pair.train_set for pair in kept))
    records = tuple(map(_own_record, names, (known[name] for name in names)))
    shown = {name: shown_to(name, [pair.other_set for pair in kept if pair.train_set == name]) for name in names}
    checksums = {record.name: _checksums(record, shown[record.name]) for record in records}
    jobs = tuple(ModelJob(name, shown[name], checksums[name], config, work) for name in names)
    return Plan(kept, left_out, jobs, records)


def run_gaps(
    plan: Plan,
    out: RunDirectory,
    processes: int = 1,
    progress_of: ProgressOf = lambda name: SILENT,
    command: str = "",
) -> None:
    """Measure and predict every gap of the plan, and write tables and report; finished stages are not done again.

    Parameters
    ----------
    plan
        From `make_plan`.
    out
        Where ``gaps.csv``, ``ladder.csv``, ``README.md`` and ``record.json`` are written.
    processes
        Processes of one thread each, over the models; 1 works in this one.
    progress_of
        Who watches the model of a name.
    command
        The command line that the report names.

    Raises
    ------
    ToolkitError
        If a model's measurement fails; what is done is kept.
    """
    if processes == 1:
        for job in plan.jobs:
            measure_model(job, progress_of(job.model))
    else:
        run_jobs({job.model: partial(measure_model, job) for job in plan.jobs}, processes, progress_of)
    gaps, ladder = gaps_table(plan.jobs, plan.pairs), ladder_table(plan.jobs)
    environment = environment_record(plan.jobs[0].config.seed, data_checksums=_merged(plan.jobs))
    out.write_csv(TABLES[0], gaps)
    out.write_csv(TABLES[1], ladder)
    out.write_json(RECORD, {"settings": plan.jobs[0].config, "environment": environment, "models": _models(plan)})
    report = Report(gaps, ladder, plan.pairs, plan.left_out, plan.records, environment, plan.jobs[0].config, command)
    out.write_text(REPORT, render_report(report))


def _own_record(name: str, path: Path) -> ReferenceRecord:
    """The record of the model of that name; pairs name a model by the set that it was trained on."""
    record = read_record(path)
    if record.config.data.train_set != name:
        raise ConfigError(
            f"{path}: the model {name!r} was trained on {record.config.data.train_set}; a pair's model has the name of "
            "its training set: export it under that name"
        )
    return record


def _checksums(record: ReferenceRecord, shown: Iterable[Shown]) -> dict[str, str]:
    """SHA-256 of the images of every split shown, by its label."""
    data = record.config.data
    shape = DESCRIPTIONS[data.train_set].event_shape
    patch_size = data.patch_size if shape is None else shape[1]
    return pixel_checksums((parse_input_set(each.input_set) for each in shown), patch_size)


def _merged(jobs: Iterable[ModelJob]) -> dict[str, str]:
    return {label: checksum for job in jobs for label, checksum in job.checksums.items()}


def _models(plan: Plan) -> dict[str, dict[str, str]]:
    return {
        record.name: {"weights": record.environment["weights"]["sha256"], "trained_on": record.train_checksum}
        for record in plan.records
    }
