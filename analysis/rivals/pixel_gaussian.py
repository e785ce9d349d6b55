"""Log density of the image under independent Gaussians with each pixel's mean and variance over the training images."""

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreUnavailableError, ScoreValues


@dataclass(frozen=True, eq=False)
class PixelGaussians:
    """Mean and variance of every entry of an event."""

    mean: Float[Tensor, "*event"]
    variance: Float[Tensor, "*event"]


def prepare(setting: ScoreSetting) -> PixelGaussians:
    """Fit the Gaussians to the reference images; no variance is less than that of the dequantisation.

    Raises
    ------
    ScoreUnavailableError
        If a feature is constant.
    """
    variance = setting.reference.var(0).clamp_min(setting.dequantization_variance)
    if not (variance > 0).all():
        raise ScoreUnavailableError("a feature is the same in all training images, so its Gaussian has no density")
    return PixelGaussians(setting.reference.mean(0), variance)


def evaluate(fitted: PixelGaussians, images: ScoredImages) -> ScoreValues:
    """``sum_i log N(x_i; mu_i, sigma_i^2)``."""
    squares = (images.events - fitted.mean).square() / fitted.variance
    return ScoreValues(-(squares + (2 * math.pi * fitted.variance).log()).flatten(1).sum(1) / 2)


SCORE = Score(
    name="pixel-gaussian",
    order=30,
    units="nats",
    higher_means="likelier by the mean and the variance of each pixel alone",
    source="the diagonal of the Gaussian of the training images",
    needs=("training images",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=True,
)
