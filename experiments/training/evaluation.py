"""Evaluation while a model is trained: bits/dim of any input sets at logarithmically spaced steps.

The averaged weights are evaluated in a copy of the model, so that evaluation changes nothing: a run with it and a run
without it have the same weights, bit for bit.
"""

import copy
from collections.abc import Callable, Mapping
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from analysis.likelihood import measure
from analysis.representation import representation_of
from curvature.errors import NonFiniteError
from experiments.storage.run_directory import RunDirectory
from experiments.training.evaluations import EvaluationRow, read_evaluations, write_evaluations
from experiments.training.log import LogRow
from experiments.training.snapshot import remove_later_snapshots, save_snapshot, snapshot_path
from experiments.training.state import TrainingState

BATCH_SIZE = 256


def evaluated_steps(steps: int, per_decade: int) -> list[int]:
    """Steps to evaluate after: ``10^(k / per_decade)`` rounded, and the last one; none for ``per_decade`` 0.

    Examples
    --------
    >>> evaluated_steps(50, 4)
    [1, 2, 3, 6, 10, 18, 32, 50]
    """
    if per_decade == 0:
        return []
    spaced, k = {steps}, 0
    while (step := round(10 ** (k / per_decade))) < steps:
        spaced.add(step)
        k += 1
    return sorted(spaced)


class Evaluation:
    """An observer that measures every input set at the steps where that is due, and keeps the averaged weights.

    Rows go to ``evaluations.csv``, weights to ``snapshots/``. Evaluation is in evaluation mode, without autocast, in
    the precision of the weights.

    Parameters
    ----------
    inputs
        Dequantised images on the scale [0, 1] by the input sets' names, at least two each.
    steps
        Steps to evaluate after.
    run
        Where the results are kept.
    """

    def __init__(self, inputs: Mapping[str, Float[Tensor, "count c h w"]], steps: list[int], run: RunDirectory) -> None:
        self.inputs = dict(inputs)
        self.steps = frozenset(steps)
        self.run = run
        self._rows: list[EvaluationRow] = []
        self._model: nn.Module | None = None

    def begin(self, state: TrainingState) -> None:
        """Drop what came after the checkpoint of a run that goes on, and evaluate its step if that was not done.

        Raises
        ------
        RunDirectoryError
            If the files cannot be read or written.
        """
        parameter = next(state.model.parameters())
        self.inputs = {name: x.to(parameter.device, parameter.dtype) for name, x in self.inputs.items()}
        self._model = copy.deepcopy(state.model).eval()
        path = self.run.evaluations_path
        found = read_evaluations(path) if state.step and path.exists() else []
        self._rows = [row for row in found if row.step <= state.step]
        write_evaluations(path, self._rows)
        remove_later_snapshots(self.run.snapshots_path, state.step)
        self.after_step(state)

    def after_step(self, state: TrainingState) -> None:
        """Evaluate, if that is due and not done.

        Raises
        ------
        RunDirectoryError
            If the results cannot be written.
        """
        if state.step in self.steps and not self._is_done(state.step):
            tensors = state.evaluation_tensors()
            save_snapshot(self.run.snapshots_path, state.step, tensors, state.identity)
            self._rows = [row for row in self._rows if row.step != state.step] + self._measure(state.step, tensors)
            write_evaluations(self.run.evaluations_path, self._rows)

    def after_row(self, row: LogRow) -> None:
        """Do nothing: evaluation does not use the rows of the log."""

    def rows_of(self, step: int) -> list[EvaluationRow]:
        """The rows of a step; empty if it was not evaluated."""
        return [row for row in self._rows if row.step == step]

    def _is_done(self, step: int) -> bool:
        """Whether the rows and the snapshot of a step are there; the rows are written last, all at once."""
        return bool(self.rows_of(step)) and snapshot_path(self.run.snapshots_path, step).exists()

    def _measure(self, step: int, tensors: Mapping[str, Tensor]) -> list[EvaluationRow]:
        model = cast(nn.Module, self._model)
        model.load_state_dict(tensors)
        log_prob = cast(Callable[[Tensor], Tensor], model.log_prob)
        represented = representation_of(model)
        rows = []
        for name, images in self.inputs.items():
            x = represented.embedded(images)
            try:
                result = measure(log_prob, x, name, BATCH_SIZE, represented.bits)
                rows.append(EvaluationRow(step, name, result.bits_per_dim, result.standard_error, len(x)))
            except NonFiniteError:
                # One input far from the training images must not end a run that itself is finite.
                rows.append(EvaluationRow(step, name, float("nan"), float("nan"), len(x)))
        return rows
