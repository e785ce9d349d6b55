"""Curvature over the course of training: the expansion about the training mean at every snapshot of a run.

At each snapshot the gap of every input set is predicted (docs/theory.md, eqs. 18-20, with taylor2's terms, eq. 19a) and
measured on the same images, and so is the curvature that the predictions rest on.
"""

from copy import deepcopy
from dataclasses import replace
from functools import cached_property, partial
from math import nan, sqrt
from typing import Any

import pandas as pd
from jaxtyping import Float
from torch import Tensor

from analysis.comparison import COLUMNS, Provenance
from analysis.inputs import InputSet
from analysis.order_over_training import order_over_training
from curvature import Expansion, SampleTerms, expand, look_from
from curvature.errors import CheckpointError, ConvergenceError, NonFiniteError
from curvature.rungs.registry import rung_function
from curvature.spectrum import DENSE_WITHIN
from experiments.storage.atomic_write import write_text
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparing import (
    Progress,
    compare_seen,
    load_samples,
    read_input_names,
    see_samples,
    training_mean,
)
from experiments.study.configuration import DataConfig, EvaluationConfig, TrajectoryConfig
from experiments.study.inputs import pixel_checksums
from experiments.study.trained_model import TrainedModel, load_run
from experiments.training.snapshot import load_snapshot, snapshot_steps

STAGE = "trajectory"
PREDICTIONS, HESSIANS, ORDER = "trajectory.csv", "trajectory_hessian.csv", "trajectory_order.csv"
RECORD = "trajectory.json"
KEY = ("run", "model", "train_set", "step", "input_set")
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


def follow_training(
    run: RunDirectory, config: TrajectoryConfig, out: RunDirectory, progress: Progress | None = None
) -> pd.DataFrame:
    """Predict and measure the gap of every input set at every snapshot.

    Parameters
    ----------
    run
        A run that was evaluated during training, finished or not.
    config
        Input sets, steps, number of images, nodes and seed.
    out
        Where ``trajectory.csv``, ``trajectory_hessian.csv``, ``trajectory_order.csv``, ``trajectory.json`` and a copy
        of ``evaluations.csv`` are written, and the tables of each snapshot in ``trajectory/`` as soon as it is done: a
        snapshot whose tables stand there already, made from the same weights, images and settings, is not computed
        again.
    progress
        Called with the images done, the images in all, and the set and step at hand.

    Returns
    -------
    DataFrame
        Columns `PREDICTION_COLUMNS`: those of `analysis.comparison.compare`, and `step`. The rungs are the terms
        `gradient`, `mean-shift` and `full` (the covariance term), their sum `taylor2`, and the path rungs.

    Raises
    ------
    CheckpointError
        If the run has no snapshots, none of a step that is asked for, or a damaged one.
    UnknownNameError, PixelRangeError
        If an input set's name cannot be read.
    ShapeError, TooFewSamplesError, NonFiniteError
        If the images do not fit the model or are too few, or a likelihood is not finite.
    """
    steps = chosen_steps(run, config.steps)
    inputs = trajectory_inputs(run, config.inputs)
    for rung in rungs_of(config):
        rung_function(rung)
    settings = replace(config, steps=(), inputs=tuple(map(str, inputs)))
    sight = _Sight(load_run(run.path, step=steps[0]), inputs, settings)
    images = pixel_checksums(inputs, sight.trained.train_images.event_shape[1])
    for position, step in enumerate(steps):
        report = None if progress is None else _Report(progress, position, len(steps), step)
        made_from = {**replace(sight.trained, step=step).identity(), "images": images, "settings": settings}
        out.stage(_stage(step), made_from, _tables(step), partial(sight.write, step, out, report))
    made_from = {
        "run": run.path,
        "train_images": sight.trained.train_images.checksum,
        "images": images,
        "settings": settings,
        "snapshots": {str(step): out.stage_hash(_stage(step)) for step in steps},
    }
    out.stage(STAGE, made_from, (PREDICTIONS, HESSIANS, ORDER, RECORD), lambda: _gather(steps, made_from, out))
    if out.path != run.path:
        write_text(out.evaluations_path, run.evaluations_path.read_text(encoding="utf-8"))
    return pd.read_csv(out.path / PREDICTIONS)


def chosen_steps(run: RunDirectory, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Steps to look at, in order: those wanted, or all of which there are snapshots.

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


def trajectory_inputs(run: RunDirectory, names: tuple[str, ...]) -> tuple[InputSet, ...]:
    """Read and check the input sets' names; by default those evaluated during training (see `TrajectoryConfig`)."""
    train_set = run.section("data", DataConfig).train_set
    if not names and "evaluation" in run.config():
        names = run.section("evaluation", EvaluationConfig).inputs
        parsed = read_input_names(train_set, names) if names else ()
        names = tuple(str(each) for each in parsed if each != InputSet(train_set, "train"))
    return read_input_names(train_set, names)


def rungs_of(config: TrajectoryConfig) -> tuple[str, ...]:
    """Names of the rungs, and of the terms of taylor2, from the crudest to the nearest."""
    return (*TERMS, "full", "taylor2", *(f"path-{n}" for n in config.nodes))


class _Report:
    """Counts one snapshot's images on from those of the snapshots before it."""

    def __init__(self, progress: Progress, position: int, snapshots: int, step: int) -> None:
        self._progress, self._position, self._snapshots, self._step = progress, position, snapshots, step

    def __call__(self, done: int, total: int, name: str) -> None:
        self._progress(self._position * total + done, self._snapshots * total, f"{name} at step {self._step}")


class _Sight:
    """What every snapshot is looked at with: the images and the training mean, prepared once, if at all."""

    def __init__(self, trained: TrainedModel, inputs: tuple[InputSet, ...], config: TrajectoryConfig) -> None:
        self.trained, self._inputs, self._config = trained, inputs, config

    @cached_property
    def _samples(self) -> dict[str, Tensor]:
        return load_samples(self.trained.train_images, self._inputs, self._config.n_images, self._config.seed)

    @cached_property
    def _mean(self) -> Float[Tensor, "channels height width"]:
        return training_mean(self.trained.train_images, self._config.seed)

    def write(self, step: int, out: RunDirectory, progress: Progress | None) -> None:
        """Write the two tables of one snapshot."""
        trained, model = self.trained, deepcopy(self.trained.model)
        load_snapshot(model, trained.run.snapshots_path, step)
        expansion = expand(model, at=self._mean)
        try:
            seen = see_samples(
                look_from(expansion), self._samples, self._config.nodes, rungs_of(self._config), progress
            )
        except NonFiniteError as error:
            raise NonFiniteError(f"snapshot of step {step}: {error}") from error
        provenance = Provenance(trained.run.path.name, trained.label, trained.data.train_set, self._config.seed)
        rows = pd.concat(compare_seen(seen, self._inputs, provenance), ignore_index=True).assign(step=step)
        predictions, hessian = _tables(step)
        out.write_csv(predictions, rows[list(PREDICTION_COLUMNS)])
        shared = {**vars(provenance), "step": step, **extreme_eigenvalues(expansion)}
        traces = [{**shared, "input_set": name, **_trace(terms)} for name, terms in seen.items()]
        out.write_csv(hessian, pd.DataFrame(traces, columns=HESSIAN_COLUMNS))


def extreme_eigenvalues(expansion: Expansion) -> dict[str, Any]:
    """The two ends of the Hessian's spectrum, each with its residual, in nats per squared unit of the input.

    The upper end, a cluster near zero, only where the dense Hessian is at hand or small; NaN otherwise, and where
    Lanczos does not converge.
    """
    dense = expansion.has_hessian or expansion.dim <= DENSE_WITHIN
    try:
        found = expansion.spectrum(lowest=1, highest=1 if dense else 0)
    except ConvergenceError:
        return {"route": "lanczos, not converged"}
    pairs = list(zip(found.eigenvalues.tolist(), found.residuals.tolist(), strict=True))
    lowest, highest = pairs[0], pairs[-1] if dense else (nan, nan)
    names = ("lowest_eigenvalue", "lowest_residual", "highest_eigenvalue", "highest_residual")
    return {**dict(zip(names, (*lowest, *highest), strict=True)), "route": found.route}


def _trace(terms: SampleTerms) -> dict[str, Any]:
    """``Tr{H Sigma}`` of one set in nats with its standard error: twice the mean of the rung `full` (eq. 18)."""
    forms = 2 * terms.terms["full"]
    return {
        "trace": float(forms.mean()),
        "trace_se": float(forms.std()) / sqrt(terms.count),
        "n_images": terms.count,
    }


def _stage(step: int) -> str:
    return f"{STAGE} at step {step}"


def _tables(step: int) -> tuple[str, str]:
    """Files of one snapshot."""
    return f"{STAGE}/step-{step:08d}.csv", f"{STAGE}/step-{step:08d}-hessian.csv"


def _gather(steps: tuple[int, ...], made_from: dict[str, Any], out: RunDirectory) -> None:
    """Put the tables of all snapshots into one of each kind; write what became of the order, and from what."""
    for name, tables in zip((PREDICTIONS, HESSIANS), zip(*map(_tables, steps), strict=True), strict=True):
        # As text, so that a number is the same in both tables, to its last digit.
        frames = [pd.read_csv(out.path / table, dtype=str, keep_default_na=False) for table in tables]
        out.write_csv(name, pd.concat(frames, ignore_index=True))
    trajectory = pd.read_csv(out.path / PREDICTIONS)
    out.write_csv(ORDER, order_over_training(trajectory[~trajectory["rung"].isin(TERMS)]))
    out.write_json(RECORD, {**made_from, "environment": environment_record(made_from["settings"].seed)})
