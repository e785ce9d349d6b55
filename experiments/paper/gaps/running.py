"""All pairs: every model in turn or in processes of one thread each, then the tables, the report and the figure."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from analysis.inputs import parse_input_set
from curvature.errors import ConfigError, ToolkitError
from curvature.names import unknown_name
from curvature.rungs.registry import rung_function
from experiments.data.descriptions import DESCRIPTIONS
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.measuring import ModelJob, Progress, measure_model
from experiments.paper.gaps.report import Report, render_report
from experiments.paper.gaps.shown import Shown, shown_to
from experiments.paper.gaps.tables import gaps_table, ladder_table
from experiments.paper.pairs import Pair
from experiments.paper.reference_models.record import ReferenceRecord, read_record
from experiments.paper.reference_models.shipped import model_directories
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.study.inputs import pixel_checksums

TABLES = ("gaps.csv", "ladder.csv")
REPORT, RECORD = "README.md", "record.json"


class ModelFailed(ToolkitError):  # noqa: N818 - it carries another error's message across processes
    """A model's measurement stopped with an error; the message is the original one."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be done: a job for each model, made before any work begins."""

    pairs: tuple[Pair, ...]
    """The pairs whose model is there."""
    left_out: tuple[Pair, ...]
    """Those whose model is not."""
    jobs: tuple[ModelJob, ...]
    """One for each model."""
    records: tuple[ReferenceRecord, ...]
    """The record of each job's model."""


def make_plan(pairs: Sequence[Pair], config: GapsConfig, work: Path, skip_missing_models: bool) -> Plan:
    """Find the models and all images, so that what is missing is told before hours of work.

    Raises
    ------
    UnknownNameError
        If a pair's model is not there and none may be left out, or none is there at all, or a number of nodes is no
        rung's.
    ConfigError
        If a model was trained on another set than its name says.
    DataNotFoundError
        If a set's images are not there; the message says which command fetches them.
    """
    for nodes in config.nodes:
        rung_function(f"path-{nodes}")
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


def run_gaps(plan: Plan, out: RunDirectory, processes: int = 1, progress: Progress = print, command: str = "") -> None:
    """Measure and predict every gap of the plan, and write tables and report; finished stages are not done again.

    Parameters
    ----------
    plan
        From `make_plan`.
    out
        Where ``gaps.csv``, ``ladder.csv``, ``README.md`` and ``record.json`` are written.
    processes
        Processes of one thread each, over the models; 1 works in this one.
    progress
        Told of every stage before it begins.
    command
        The command line that the report names.

    Raises
    ------
    ModelFailed, ToolkitError
        If a model's measurement fails; what is done is kept.
    """
    if processes == 1:
        for job in plan.jobs:
            measure_model(job, progress)
    else:
        _in_processes(plan.jobs, processes)
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


def _in_processes(jobs: Sequence[ModelJob], processes: int) -> None:
    """Measure the models in processes of one thread each: small convolutions gain nothing from more."""
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_use_one_thread) as pool:
        try:
            messages = list(pool.map(_measure_in_worker, jobs))
        except BrokenProcessPool as error:
            raise ModelFailed(
                "a process was killed, most often for want of memory; run the command again with fewer --jobs: "
                "finished stages are kept"
            ) from error
    for message in filter(None, messages):
        raise ModelFailed(message)


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _measure_in_worker(job: ModelJob) -> str | None:
    """Measure one model; the message of the error that stopped it, if one did."""
    try:
        measure_model(job, partial(print, flush=True))
    except ToolkitError as error:
        return str(error)
    return None


def _merged(jobs: Iterable[ModelJob]) -> dict[str, str]:
    return {label: checksum for job in jobs for label, checksum in job.checksums.items()}


def _models(plan: Plan) -> dict[str, dict[str, str]]:
    return {
        record.name: {"weights": record.environment["weights"]["sha256"], "trained_on": record.train_checksum}
        for record in plan.records
    }
