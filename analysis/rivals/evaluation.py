"""All scores of all images: found, prepared once, evaluated on every set; what a model does not allow is told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from analysis.rivals.score import Score, ScoredImages, ScoreSetting
from curvature.discovery import discover
from curvature.errors import ToolkitError
from curvature.names import require_known
from curvature.preconditions import require_finite


@lru_cache
def scores() -> tuple[Score, ...]:
    """Every score, in the order of the table."""
    return tuple(sorted(discover("analysis.rivals", "SCORE"), key=lambda score: score.order))


def require_scores(names: Iterable[str]) -> tuple[Score, ...]:
    """Return the scores of these names in the order of the table, all if none is named.

    Raises
    ------
    UnknownNameError
        If there is no score of a name; suggests the nearest.
    """
    names = tuple(names)
    for name in names:
        require_known("score", name, [score.name for score in scores()])
    return tuple(score for score in scores() if not names or score.name in names)


@dataclass(frozen=True, eq=False)
class EvaluatedScore:
    """A score on every set, or why there is none.

    Attributes
    ----------
    score
        What it is.
    values
        By input set, the training images first: one number an image. Empty if the score is absent.
    standard_error
        Root mean square over all images of the standard errors of their numbers; None for exact numbers.
    remark
        What else must be known of the numbers.
    absent
        Why there are none; empty if there are.
    """

    score: Score
    values: Mapping[str, Float[NDArray[np.float64], " N"]]
    standard_error: float | None = None
    remark: str = ""
    absent: str = ""


def evaluate_scores(
    setting: ScoreSetting,
    sets: Iterable[ScoredImages],
    chosen: Iterable[Score],
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> list[EvaluatedScore]:
    """Evaluate scores on every image.

    Parameters
    ----------
    setting
        What they prepare themselves with.
    sets
        The images of all input sets, the training images first.
    chosen
        Scores.
    progress
        Told the scores done, the scores in all, and the name of the one that is next.
    """
    sets, chosen, found = tuple(sets), tuple(chosen), []
    for done, score in enumerate(chosen):
        progress(done, len(chosen), score.name)
        found.append(_evaluated(score, setting, sets))
    progress(len(chosen), len(chosen), "scores")
    return found


def _evaluated(score: Score, setting: ScoreSetting, sets: tuple[ScoredImages, ...]) -> EvaluatedScore:
    # A table with a reason in one row is worth more than no table.
    try:
        state = score.prepare(setting)
        found = {images.name: score.evaluate(state, images) for images in sets}
        values = {
            name: require_finite(each.values.double(), f"{score.name} of {name}").numpy(force=True)
            for name, each in found.items()
        }
    except ToolkitError as error:
        return EvaluatedScore(score, {}, absent=" ".join(str(error).split()))
    errors = [each.standard_errors.double().cpu() for each in found.values() if each.standard_errors is not None]
    rms = float(torch.cat(errors).square().mean().sqrt()) if errors else None
    return EvaluatedScore(score, values, rms, score.remark(state))
