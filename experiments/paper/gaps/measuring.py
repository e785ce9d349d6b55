"""Measure one model: bits per dimension of all its input sets on many images, and the ladders on fewer images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from analysis.comparison import Provenance
from analysis.inputs import parse_input_set
from analysis.likelihood import measure
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.shown import Shown
from experiments.paper.reference_models.loading import load_model
from experiments.storage.directory_lock import SECONDS_FOR_ANOTHER_TO_END, held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import to_plain
from experiments.storage.stages import Stage, is_due, run_stage
from experiments.study.comparison import compare_set, provenance_of
from experiments.study.progress import SILENT, Progress
from experiments.study.rungs import RungSettings, TrainingSide, evaluate_training_side, expansion_of
from experiments.study.samples import load_inputs, load_samples
from experiments.study.trained_model import TrainedModel

Part = Literal["bpd", "ladder"]

VERSION = 3
IRRELEVANT = {"bpd": ("n_images", "nodes", "mean_curvature_points"), "ladder": ("n_bpd",)}
"""Settings that the tables of a part do not depend on."""


@dataclass(frozen=True)
class ModelJob:
    """All that one process needs to measure one model."""

    model: str
    """Name of the reference model."""
    shown: tuple[Shown, ...]
    """What it is shown; the training images first."""
    checksums: Mapping[str, str]
    """SHA-256 of the images of each split shown, by its label."""
    config: GapsConfig
    """Numbers of images, rungs and seed."""
    work: Path
    """Directory of the stages; each model has its own in it."""

    @property
    def run(self) -> RunDirectory:
        """Where the stages of this model are kept."""
        return RunDirectory(self.work / self.model)

    def shown_in(self, part: Part) -> tuple[Shown, ...]:
        """The input sets of a part: all have bits per dimension, some also a ladder."""
        return tuple(each for each in self.shown if part == "bpd" or each.in_ladder)


def measure_model(job: ModelJob, progress: Progress = SILENT) -> None:
    """Run every unfinished stage of a model: it writes ``bpd/SET.csv`` and ``ladder/SET.csv`` for each input set.

    Raises
    ------
    ToolkitError
        Of the kinds that `load_model` and `compare_inputs` raise.
    """
    trained = load_model(job.model)
    n_bpd, n_ladder = len(job.shown_in("bpd")), len(job.shown_in("ladder"))
    total = n_bpd + 1 + n_ladder  # the training side of the ladders is one more
    with held_directory(job.run.path, SECONDS_FOR_ANOTHER_TO_END):
        RunDirectory.create(job.run.path, {"model": job.model})
        job.run.write_json("model.json", {"label": trained.label, **trained.identity()})
        _measure_likelihoods(job, trained, progress.part(0, n_bpd, total))
        _compare_with_training(job, trained, progress.part(n_bpd, 1 + n_ladder, total))


def stage_file(part: Part, input_set: str) -> str:
    """Name of the file that a part writes for an input set."""
    return f"{part}/{input_set.replace('/', '-').replace(':', '-')}.csv"


def stage_tables(job: ModelJob, part: Part) -> list[pd.DataFrame]:
    """Read what a part wrote, an input set at a time."""
    return [pd.read_csv(job.run.path / stage_file(part, each.input_set)) for each in job.shown_in(part)]


def _measure_likelihoods(job: ModelJob, trained: TrainedModel, progress: Progress) -> None:
    """Measure the bits per dimension of every input set."""
    identity = trained.identity()
    for position, each in enumerate(job.shown):
        make = partial(_write_likelihood, job, trained, each, progress.part(position, 1, len(job.shown)))
        run_stage(job.run, _stage(job, identity, "bpd", each), make, progress.say)


def _write_likelihood(job: ModelJob, trained: TrainedModel, each: Shown, progress: Progress) -> None:
    """Measure the bits per dimension of one input set, in float32."""
    progress(0, 1, f"bits/dim on {each.input_set}")
    shape, config, represented = trained.train_images.event_shape, job.config, trained.representation
    count = each.count("bpd", config.n_bpd)
    x = load_inputs(parse_input_set(each.input_set), count, shape, config.seed, shape[1], represented).float()
    found = measure(trained.model.log_prob, x, each.input_set, bits=represented.bits)
    row = {"input_set": each.input_set, "kind": each.kind, "bpd": found.bits_per_dim, "bpd_se": found.standard_error}
    job.run.write_csv(stage_file("bpd", each.input_set), pd.DataFrame([{**row, "n_images": found.n_images}]))


def _compare_with_training(job: ModelJob, trained: TrainedModel, progress: Progress) -> None:
    """Evaluate the ladder of every input set; that of the training images once, and only if another one is due."""
    identity = trained.identity()
    stages = {each: _stage(job, identity, "ladder", each) for each in job.shown_in("ladder")}
    due = [each for each, stage in stages.items() if is_due(job.run, stage)]
    if not due:
        return
    side = _training_side(job, trained, due, progress.part(0, 1, 1 + len(due), "ladder"))
    provenance, bits = provenance_of(trained, job.config.seed), trained.representation.bits
    for position, each in enumerate(due, start=1):
        part = progress.part(position, 1, 1 + len(due), "ladder")
        run_stage(job.run, stages[each], partial(_write_ladder, job, side, each, provenance, bits, part), progress.say)


def _training_side(job: ModelJob, trained: TrainedModel, due: Sequence[Shown], progress: Progress) -> TrainingSide:
    config = job.config
    shown = (job.shown[0], *due)
    counts = {parse_input_set(each.input_set): each.count("ladder", config.n_images) for each in shown}
    samples = load_samples(counts, trained.train_images.event_shape, config.seed, trained.representation)
    settings = RungSettings(config.nodes, config.mean_curvature_points)
    return evaluate_training_side(expansion_of(trained, config.seed), samples, settings, progress)


def _write_ladder(
    job: ModelJob, side: TrainingSide, each: Shown, provenance: Provenance, bits: float, progress: Progress
) -> None:
    """Hold one input set against the training images on every rung."""
    values = side.evaluate(each.input_set, progress)
    rows = compare_set(side, each.input_set, values, provenance, bits)
    job.run.write_csv(stage_file("ladder", each.input_set), rows)


def _stage(job: ModelJob, identity: Mapping[str, str], part: Part, each: Shown) -> Stage:
    """The stage that makes one table; its name is the file's."""
    file = stage_file(part, each.input_set)
    settings: dict[str, Any] = to_plain(job.config)
    made_from = {
        **identity,
        "input_set": each,
        "images": job.checksums.get(each.input_set.partition(":")[0]),
        "settings": {name: value for name, value in settings.items() if name not in IRRELEVANT[part]},
    }
    return Stage(file, VERSION, made_from, (file,))
