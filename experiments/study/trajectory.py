"""Curvature over the course of training: the expansion about the training mean at every snapshot of a run.

At each snapshot the gap of every input set is predicted (docs/theory.md, eqs. 18-20, with taylor2's terms, eq. 19a) and
measured on the same images. The curvature behind the predictions is written as well.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd
from jaxtyping import Float
from torch import Tensor

from analysis.comparison import COLUMNS
from analysis.inputs import InputSet
from analysis.order_over_training import order_over_training
from curvature import expand
from curvature.errors import CheckpointError, NonFiniteError
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, is_due, output_digests, run_stage
from experiments.study.comparison import compare_samples, provenance_of, require_comparable
from experiments.study.configuration import ExperimentConfig, TrajectoryConfig
from experiments.study.progress import SILENT, Progress
from experiments.study.rungs import RungSettings, covariance_trace, extreme_eigenvalues
from experiments.study.samples import load_samples, pixel_checksums, read_input_names, training_mean
from experiments.study.trained_model import TrainedModel, load_run
from experiments.training.evaluations import read_evaluations, write_evaluations
from experiments.training.snapshot import load_snapshot, snapshot_steps

NAME = "trajectory"
VERSION = 3
PREDICTIONS, HESSIANS, ORDER = "trajectory.csv", "trajectory_hessian.csv", "trajectory_order.csv"
RECORD = "trajectory.json"
KEY = ("run", "model", "family", "train_set", "step", "input_set")
PREDICTION_COLUMNS = (*KEY, *(name for name in COLUMNS if name not in KEY))
HESSIAN_COLUMNS = (
    *KEY,
    "trace",
    "trace_se",
    "n_images",
    "lowest_eigenvalue",
    "lowest_residual",
    "highest_eigenvalue",
    "highest_residual",
    "route",
    "seed",
)
TERMS = ("gradient", "mean-shift")  # parts of a prediction: their own sign claims nothing about the order


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What all snapshots have in common; it is computed once, and only if a snapshot is due."""

    trained: TrainedModel
    inputs: tuple[InputSet, ...]
    settings: TrajectoryConfig
    samples: dict[str, Tensor]
    mean: Float[Tensor, "channels height width"]


def follow_training(
    run: RunDirectory, config: TrajectoryConfig, out: RunDirectory, progress: Progress = SILENT
) -> pd.DataFrame:
    """Predict and measure the gap of every input set at every snapshot.

    Parameters
    ----------
    run
        A run that was evaluated during training, finished or not.
    config
        Input sets (at least one), steps, number of images, nodes and seed.
    out
        Where ``trajectory.csv``, ``trajectory_hessian.csv``, ``trajectory_order.csv``, ``trajectory.json`` and a copy
        of ``evaluations.csv`` are written, and the tables of each snapshot in ``trajectory/`` as soon as it is done: a
        snapshot whose tables stand there unchanged, made from the same weights, images and settings, is not computed
        again.
    progress
        Counts images.

    Returns
    -------
    DataFrame
        Columns `PREDICTION_COLUMNS`: those of `analysis.comparison.compare`, and `step`. The rungs are the terms
        `gradient`, `mean-shift` and `full` (the covariance term), their sum `taylor2`, and the path rungs.

    Raises
    ------
    RunDirectoryError
        If the run's ``evaluations.csv`` is missing or damaged.
    CheckpointError
        If the run has no snapshots, none of a step that is asked for, or a damaged one.
    UnknownNameError, PixelRangeError
        If an input set's name cannot be read, or there is no path rung of a number of nodes.
    ShapeError, TooFewSamplesError, NonFiniteError
        If the images do not fit the model or are too few, or a likelihood is not finite.
    """
    steps = chosen_steps(run, config.steps)
    evaluations = read_evaluations(run.evaluations_path)
    inputs = require_comparable(config.inputs, rung_settings(config))
    settings = replace(config, steps=(), inputs=tuple(map(str, inputs)))
    trained = load_run(run.path, step=steps[0])
    images = pixel_checksums(inputs, trained.train_images.event_shape[1])
    stages = {step: _snapshot_stage(replace(trained, step=step), images, settings) for step in steps}
    if any(is_due(out, stage) for stage in stages.values()):
        prepared = _prepare(trained, inputs, settings)
        for position, (step, stage) in enumerate(stages.items()):
            part = progress.part(position, 1, len(steps), f"step {step}")
            run_stage(out, stage, partial(_write_snapshot, prepared, step, out, part), progress.say)
    made_from = {
        "run": run.path.resolve(),
        "train_images": trained.train_images.checksum,
        "images": images,
        "settings": settings,
        "snapshots": {str(step): output_digests(out, stage) for step, stage in stages.items()},
    }
    gathered = Stage(NAME, VERSION, made_from, (PREDICTIONS, HESSIANS, ORDER, RECORD))
    run_stage(out, gathered, partial(_gather, steps, made_from, out), progress.say)
    if out.path != run.path:
        write_evaluations(out.evaluations_path, evaluations)
    return pd.read_csv(out.path / PREDICTIONS)


def chosen_steps(run: RunDirectory, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The steps to follow, in order: those wanted, or all of which there are snapshots.

    Raises
    ------
    CheckpointError
        If there are no snapshots, or none of a step that is wanted; the message lists those there are.
    """
    there = snapshot_steps(run.snapshots_path)
    if not there:
        raise CheckpointError(
            f"{run.snapshots_path}: there are no snapshots; train with --evaluation.per-decade of at least 1"
        )
    missing = sorted(set(wanted) - set(there))
    if missing:
        raise CheckpointError(
            f"{run.snapshots_path}: there is no snapshot of step {', '.join(map(str, missing))}; "
            f"there are those of steps: {', '.join(map(str, there))}"
        )
    return tuple(sorted(set(wanted) or there))


def evaluated_inputs(experiment: ExperimentConfig) -> tuple[str, ...]:
    """Names of the input sets that were evaluated during training, without the training images themselves."""
    own = InputSet(experiment.data.train_set, "train")
    return tuple(str(name) for name in read_input_names(experiment.evaluation.inputs) if name != own)


def rung_settings(config: TrajectoryConfig) -> RungSettings:
    """The rungs, and the terms of taylor2, from the crudest to the nearest."""
    return RungSettings(config.nodes, rungs=(*TERMS, "full", "taylor2", *(f"path-{n}" for n in config.nodes)))


def _prepare(trained: TrainedModel, inputs: tuple[InputSet, ...], settings: TrajectoryConfig) -> _Prepared:
    counts = dict.fromkeys((trained.training_input, *inputs), settings.n_images)
    images, represented = trained.train_images, trained.representation
    samples = load_samples(counts, images.event_shape, settings.seed, represented)
    return _Prepared(trained, inputs, settings, samples, training_mean(images, settings.seed, represented))


def _snapshot_stage(trained: TrainedModel, images: dict[str, str], settings: TrajectoryConfig) -> Stage:
    made_from = {**trained.identity(), "images": images, "settings": settings}
    return Stage(f"{NAME} at step {trained.step}", VERSION, made_from, _tables(trained.step or 0))


def _tables(step: int) -> tuple[str, str]:
    """Files of one snapshot."""
    return f"{NAME}/step-{step:08d}.csv", f"{NAME}/step-{step:08d}-hessian.csv"


def _write_snapshot(prepared: _Prepared, step: int, out: RunDirectory, progress: Progress) -> None:
    """Write the two tables of one snapshot."""
    trained, settings = prepared.trained, prepared.settings
    model = deepcopy(trained.model)
    load_snapshot(model, trained.run.snapshots_path, step)
    provenance = provenance_of(trained, settings.seed)
    try:
        found = compare_samples(
            expand(model, at=prepared.mean),
            prepared.samples,
            prepared.inputs,
            rung_settings(settings),
            provenance,
            progress,
            trained.representation.bits,
        )
    except NonFiniteError as error:
        raise NonFiniteError(f"snapshot of step {step}: {error}") from error
    predictions, hessian = _tables(step)
    out.write_csv(predictions, found.rows.assign(step=step)[list(PREDICTION_COLUMNS)])
    shared = {**vars(provenance), "step": step, **extreme_eigenvalues(found.expansion)}
    traces = [{**shared, "input_set": name, **covariance_trace(values)} for name, values in found.values.items()]
    out.write_csv(hessian, pd.DataFrame(traces, columns=HESSIAN_COLUMNS))


def _gather(steps: tuple[int, ...], made_from: dict[str, Any], out: RunDirectory) -> None:
    """Join the tables of all snapshots; write what became of the order, and what the tables were made from."""
    for name, tables in zip((PREDICTIONS, HESSIANS), zip(*map(_tables, steps), strict=True), strict=True):
        # As text, so that a number is the same in both tables, to its last digit.
        frames = [pd.read_csv(out.path / table, dtype=str, keep_default_na=False) for table in tables]
        out.write_csv(name, pd.concat(frames, ignore_index=True))
    trajectory = pd.read_csv(out.path / PREDICTIONS)
    out.write_csv(ORDER, order_over_training(trajectory[~trajectory["rung"].isin(TERMS)]))
    out.write_json(RECORD, {**made_from, "environment": environment_record(made_from["settings"].seed)})
