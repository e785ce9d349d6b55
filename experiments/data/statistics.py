"""First and second moments of a set's pixels, channel by channel and along principal directions.

Pixels are on the scale [0, 1] after uniform dequantisation, x = (x8 + u) / 256. The noise u is not drawn: it moves each
mean by 1/512 and adds (1/256)^2 / 12 to each variance and to each eigenvalue of the covariance, exactly.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import LEVELS
from curvature import Moments
from experiments.data.image_set import ImageSet

IMAGES_PER_BATCH = 1024
NOISE_MEAN = 0.5 / LEVELS
NOISE_VARIANCE = 1 / (12 * LEVELS**2)

# Sums over 32 x 32 pixels of the per-pixel variances as the field quotes them from Nalisnick et al. 2019, section 5.
PAPER_VARIANCE_SUMS = {"cifar10": (61.9, 59.2, 68.1), "svhn": (49.6, 52.7, 53.6)}

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class PixelStatistics:
    """Moments of one split.

    Attributes
    ----------
    mean, variance
        Of each pixel over the images, [C, H, W].
    eigenvalues
        Of the covariance of whole images, falling, [C H W].
    channel_mean, channel_mean_se
        Mean over images and pixels of each channel, with the standard error over images.
    channel_std
        Standard deviation of all pixels of a channel together, [C].
    variance_sum, variance_sum_se
        Sum over a channel's pixels of the per-pixel variances, with the standard error over images, [C].
    count
        Number of images.
    """

    mean: Float[Array, "C H W"]
    variance: Float[Array, "C H W"]
    eigenvalues: Float[Array, " D"]
    channel_mean: Float[Array, " C"]
    channel_mean_se: Float[Array, " C"]
    channel_std: Float[Array, " C"]
    variance_sum: Float[Array, " C"]
    variance_sum_se: Float[Array, " C"]
    count: int

    @property
    def trace(self) -> float:
        """Total variance: the sum of the eigenvalues, and of all per-pixel variances."""
        return float(self.eigenvalues.sum())

    @property
    def share(self) -> Float[Array, " D"]:
        """Each eigenvalue's share of the trace."""
        return self.eigenvalues / self.trace


def pixel_statistics(images: ImageSet) -> PixelStatistics:
    """Compute the statistics in two passes over the images, in bounded memory beside the images themselves.

    The standard errors are those of means over independent images: of each image's channel mean, and of its squared
    distance from the mean image in that channel (the mean image taken as known, which is right to first order in 1/N).

    Raises
    ------
    TooFewSamplesError
        With fewer than two images.
    """
    moments = Moments.from_samples(_batches(images.images))
    image_means, distances = _per_image(images.images, moments.mean)
    mean = moments.mean.numpy() + NOISE_MEAN
    variance = moments.variance().numpy() + NOISE_VARIANCE
    # Of all pixels of a channel together: within each pixel and between the pixels' means.
    pooled = variance.mean((1, 2)) + mean.var((1, 2))
    return PixelStatistics(
        mean=mean,
        variance=variance,
        eigenvalues=_eigenvalues(moments) + NOISE_VARIANCE,
        channel_mean=mean.mean((1, 2)),
        channel_mean_se=_standard_error(image_means),
        channel_std=np.sqrt(pooled),
        variance_sum=variance.sum((1, 2)),
        variance_sum_se=_standard_error(distances),
        count=moments.count,
    )


def _batches(images: UInt8[Tensor, "N C H W"]) -> Iterator[Float[Tensor, "B C H W"]]:
    for batch in images.split(IMAGES_PER_BATCH):
        yield batch.double() / LEVELS


def _per_image(
    images: UInt8[Tensor, "N C H W"], mean: Float[Tensor, "C H W"]
) -> tuple[Float[Array, "N C"], Float[Array, "N C"]]:
    """Mean of every image's channels, and their squared distance from the mean image."""
    means, distances = [], []
    for batch in _batches(images):
        means.append(batch.mean((2, 3)))
        distances.append((batch - mean).square().sum((2, 3)))
    return torch.cat(means).numpy(), torch.cat(distances).numpy()


def _eigenvalues(moments: Moments) -> Float[Array, " D"]:
    """All eigenvalues of the covariance, falling; those that the factor leaves out are zero."""
    F = moments.factor
    # More images than pixels: the columns are orthogonal already (curvature.accumulation.symmetric_factor).
    orthogonal = moments.count > moments.dim
    values = F.square().sum(0) if orthogonal else torch.linalg.eigvalsh(F.T @ F).clamp_min(0)
    padded = torch.zeros(moments.dim, dtype=torch.float64)
    padded[: len(values)] = values.sort(descending=True).values
    return padded.numpy()


def _standard_error(values: Float[Array, "N C"]) -> Float[Array, " C"]:
    error: np.ndarray = values.std(0, ddof=1) / math.sqrt(len(values))
    return error
