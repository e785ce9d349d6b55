"""Log density under a local linear-Gaussian model: each pixel is predicted from its neighbours above and to the left.

``x_c(i, j) = w_c . context + b_c + s_c e`` with standard normal e. The context is all channels of the pixels to the
left, above, above to the left and above to the right, and the channels before c of the pixel itself. The weights are
the same at every position. Pixels beyond the border have the mean of their channel. Every pixel depends on earlier ones
only, so the product of these Gaussians is a density of the whole image.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreUnavailableError, ScoreValues

IMAGES_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class LocalGaussian:
    """Mean of each channel, and for each channel the weights of its context (the last is b) and the variance s^2."""

    mean: Float[Tensor, "C 1 1"]
    weights: tuple[Float[Tensor, " K"], ...]
    variances: tuple[float, ...]


def prepare(setting: ScoreSetting) -> LocalGaussian:
    """Fit the weights to the reference images by least squares.

    No variance is less than that of the dequantisation.

    Raises
    ------
    ScoreUnavailableError
        If events are no images, or a channel follows from its context without any error.
    """
    x = setting.reference
    if x.ndim != 4:
        raise ScoreUnavailableError(f"needs images [C, H, W]; this model takes events of shape {list(x.shape[1:])}")
    mean = x.mean((0, 2, 3))[:, None, None]
    grams = [torch.zeros(size, size, dtype=x.dtype) for size in range(4 * len(mean) + 2, 5 * len(mean) + 2)]
    for part in x.split(IMAGES_AT_ONCE):
        for gram, (context, target) in zip(grams, _regressions(part - mean), strict=True):
            rows = torch.cat([context, target[:, None]], 1).movedim(1, -1).flatten(0, -2)
            gram += rows.T @ rows
    values_per_channel = x[:, 0].numel()
    weights, variances = [], []
    for gram in grams:
        w = torch.linalg.pinv(gram[:-1, :-1], hermitian=True) @ gram[:-1, -1]
        residual = float(gram[-1, -1] - w @ gram[:-1, -1]) / values_per_channel
        weights.append(w)
        variances.append(max(residual, setting.dequantization_variance))
    if min(variances) <= 0:
        raise ScoreUnavailableError("a channel follows from its neighbours without error, so it has no density")
    return LocalGaussian(mean, tuple(weights), tuple(variances))


def evaluate(fitted: LocalGaussian, images: ScoredImages) -> ScoreValues:
    """Add up the log densities of all pixels given their contexts."""
    return ScoreValues(torch.cat([_log_density(fitted, x) for x in images.events.split(IMAGES_AT_ONCE)]))


def _log_density(fitted: LocalGaussian, x: Float[Tensor, " B C H W"]) -> Float[Tensor, " B"]:
    total = x.new_zeros(len(x))
    regressions = _regressions(x - fitted.mean)
    for (context, target), w, variance in zip(regressions, fitted.weights, fitted.variances, strict=True):
        residual = target - torch.einsum("bkhw,k->bhw", context, w)
        total -= (residual.square() / variance + math.log(2 * math.pi * variance)).flatten(1).sum(1) / 2
    return total


def _regressions(e: Float[Tensor, " B C H W"]) -> Iterator[tuple[Float[Tensor, " B K H W"], Float[Tensor, " B H W"]]]:
    """Yield context and target of every channel of centred images."""
    height, width = e.shape[2:]
    padded = pad(e, (1, 1, 1, 0))
    above = [padded[:, :, :height, column : column + width] for column in range(3)]
    neighbours = torch.cat([*above, padded[:, :, 1:, :width]], 1)
    one = torch.ones_like(e[:, :1])
    for channel in range(e.shape[1]):
        yield torch.cat([neighbours, e[:, :channel], one], 1), e[:, channel]


SCORE = Score(
    name="local-gaussian",
    order=40,
    units="nats",
    higher_means="its pixels follow more closely from their neighbours, as those of the training images do",
    source="local models: Zhang et al. 2021, arXiv 2109.02639 (theirs are networks; this one is linear)",
    needs=("training images",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=True,
)
