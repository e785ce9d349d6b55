"""Local intrinsic dimension of the training images about the image, from the distances of its nearest neighbours."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreUnavailableError, ScoreValues

IMAGES_AT_ONCE = 256
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Training images ``[M, D]`` among which neighbours are sought, and how many of these."""

    reference: Float[Tensor, "M D"]
    neighbours: int


def prepare(setting: ScoreSetting) -> Neighbourhood:
    """Check that there are more training images than neighbours.

    Raises
    ------
    ScoreUnavailableError
        If there are not, or fewer than three neighbours are asked for.
    """
    k, reference = setting.options.neighbours, setting.reference.flatten(1)
    if not FEWEST <= k < len(reference):
        raise ScoreUnavailableError(
            f"needs {FEWEST} neighbours at least, and more training images than neighbours; got {k} neighbours and "
            f"{len(reference)} training images"
        )
    return Neighbourhood(reference, k)


def evaluate(prepared: Neighbourhood, images: ScoredImages) -> ScoreValues:
    """Estimate the dimension from the k nearest training images of every image."""
    parts = images.events.flatten(1).split(IMAGES_AT_ONCE)
    nearest = [torch.cdist(x, prepared.reference).topk(prepared.neighbours, largest=False).values for x in parts]
    return ScoreValues(dimension_of(torch.cat(nearest).sort(1).values))


def dimension_of(distances: Float[Tensor, "N k"]) -> Float[Tensor, " N"]:
    """Maximum-likelihood dimension ``(k - 2) / sum_{j<k} log(T_k / T_j)`` from rising distances ``T_1..T_k``.

    The factor ``k - 2`` in place of ``k - 1`` removes the bias. Infinite where all distances are the same.

    References
    ----------
    E. Levina & P. J. Bickel, "Maximum likelihood estimation of intrinsic dimension", NIPS 2004.
    """
    logs = (distances[:, -1:] / distances[:, :-1]).log()
    return (distances.shape[1] - 2) / logs.sum(1)


SCORE = Score(
    name="intrinsic-dimension",
    order=100,
    units="dimensions",
    higher_means="the distances to the nearest training images are more alike, as in more dimensions",
    source="Levina & Bickel 2004; as an explanation: Kamkari et al. 2024, arXiv 2403.18910 (theirs is the model's)",
    needs=("training images",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=False,
)
