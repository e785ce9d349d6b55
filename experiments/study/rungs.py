"""The curvature side of a study: log p is expanded, and the rungs of the ladder are evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

from torch import Tensor

from curvature import Expansion, Ladder, expand, find_mode
from curvature.errors import ConvergenceError
from curvature.ladder import registry
from curvature.ladder.evaluation import PreparedRungs, RungValues, evaluate_rungs, prepare_rungs
from curvature.ladder.kinks import path_is_unexplained, with_kinks
from curvature.spectrum import DENSE_WITHIN
from experiments.study.configuration import ExpansionPoint
from experiments.study.progress import Progress
from experiments.study.samples import training_mean
from experiments.study.trained_model import StudiedModel


@dataclass(frozen=True)
class RungSettings:
    """Which rungs are evaluated.

    Attributes
    ----------
    nodes
        Gauss-Jacobi nodes of the path rungs.
    mean_curvature_points
        Training images that the rung mean-curvature averages the Hessian over; 0 leaves the rung out.
    rungs
        Names of the rungs; None for all that the model allows.
    """

    nodes: tuple[int, ...]
    mean_curvature_points: int = 0
    rungs: tuple[str, ...] | None = None


def require_rungs(settings: RungSettings) -> None:
    """Raise an UnknownNameError or OptionError unless there are rungs of these names and numbers of nodes."""
    registry.require_rungs(settings.rungs, settings.nodes)


def expansion_of(trained: StudiedModel, seed: int, point: ExpansionPoint = "mean") -> Expansion:
    """Expand a trained flow's log p about the mean of its training images, or about the mode that ascent finds there.

    The mode is sought among images, pixels in [0, 1], starting from the mean.

    Raises
    ------
    ConvergenceError
        If the ascent ends at no mode.
    """
    mean = training_mean(trained.train_images, seed, trained.representation)
    if point == "mean":
        return expand(trained.model, at=mean)
    return expand(trained.model, at=find_mode(trained.model, mean, bounds=trained.representation.values).point)


@dataclass(frozen=True, eq=False)
class TrainingSide:
    """Every rung on the training images, with which every input set is compared; made by `evaluate_training_side`.

    Attributes
    ----------
    samples
        Dequantised images by the input sets' names, the training images first.
    values
        Those of the training images.
    """

    samples: Mapping[str, Tensor]
    values: RungValues
    _prepared: PreparedRungs

    @property
    def expansion(self) -> Expansion:
        """Expansion of log p that the rungs were evaluated with; its Hessian may have been written out for them."""
        return self._prepared.expansion

    @property
    def absent(self) -> Mapping[str, str]:
        """Rungs that this model does not allow, and why."""
        return self._prepared.absent

    def evaluate(self, name: str, progress: Progress) -> RungValues:
        """Evaluate every rung, and log p, for each image of one input set; those of the training images are kept."""
        if name == next(iter(self.samples)):
            return self.values
        return _evaluate(self._prepared, name, self.samples[name], progress)

    def ladder(self, q: RungValues) -> Ladder:
        """Compare the rungs of an input set with those of the training images."""
        return Ladder.between(q, self.values)


def evaluate_training_side(
    expansion: Expansion, samples: Mapping[str, Tensor], settings: RungSettings, progress: Progress
) -> TrainingSide:
    """Evaluate every rung on the training images, the first of the samples; with their kinks, if `path` misses log p.

    Raises
    ------
    ToolkitError
        Of the kinds that `prepare_rungs` and `evaluate_rungs` raise.
    """
    name, x_train = next(iter(samples.items()))
    prepared = prepare_rungs(
        expansion,
        x_train,
        settings.rungs,
        settings.nodes,
        mean_curvature_points=settings.mean_curvature_points,
        n_samples=sum(map(len, samples.values())),
    )
    values = _evaluate(prepared, name, x_train, progress)
    if settings.rungs is None and path_is_unexplained(values):
        # Kinks, most likely: their share is worth a row of every table of this model.
        values = with_kinks({name: values}, {name: x_train}, p=name)[name]
    return TrainingSide(samples, values, values.prepared)


def _evaluate(prepared: PreparedRungs, name: str, x: Tensor, progress: Progress) -> RungValues:
    return evaluate_rungs(prepared, x, name=name, progress=progress.counter(f"curvature on {name}"))


def covariance_trace(values: RungValues) -> dict[str, float]:
    """``Tr{H Sigma}`` of one set in nats with its standard error: twice the mean of the rung `full` (eq. 18)."""
    forms = 2 * values.values["full"]
    count = len(forms)
    return {"trace": float(forms.mean()), "trace_se": float(forms.std()) / sqrt(count), "n_images": count}


def extreme_eigenvalues(expansion: Expansion) -> dict[str, Any]:
    """The two ends of the Hessian's spectrum, each with its residual, in nats per squared unit of the input.

    The highest eigenvalues lie close together near zero. That end is computed only if the dense Hessian is known or
    small; it is NaN otherwise, and where Lanczos does not converge.
    """
    dense = expansion.operator.num_matvecs == 0 or expansion.dim <= DENSE_WITHIN
    try:
        found = expansion.spectrum(lowest=1, highest=1 if dense else 0)
    except ConvergenceError:
        return {"route": "lanczos, not converged"}
    pairs = list(zip(found.eigenvalues.tolist(), found.residuals.tolist(), strict=True))
    lowest, highest = pairs[0], pairs[-1] if dense else (nan, nan)
    names = ("lowest_eigenvalue", "lowest_residual", "highest_eigenvalue", "highest_residual")
    return {**dict(zip(names, (*lowest, *highest), strict=True)), "route": found.route}
