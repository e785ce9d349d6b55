"""Log density of the image under the Gaussian with the mean and the covariance of the training images."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreUnavailableError, ScoreValues


@dataclass(frozen=True, eq=False)
class FittedGaussian:
    """A Gaussian: its mean ``[D]``, the Cholesky factor of its covariance ``[D, D]``, and what was done to that."""

    mean: Float[Tensor, " D"]
    cholesky: Float[Tensor, "D D"]
    remark: str


def prepare(setting: ScoreSetting) -> FittedGaussian:
    """Fit the Gaussian to the reference images.

    A covariance of N <= D images is singular, and so may be that of images with constant pixels. Then the variance of
    the dequantisation is added to its diagonal, and the remark says so.

    Raises
    ------
    ScoreUnavailableError
        If the covariance is singular, and events are features, which have no dequantisation.
    """
    x = setting.reference.flatten(1)
    (count, dim), ridge = x.shape, setting.dequantization_variance
    mean = x.mean(0)
    e = x - mean
    covariance = e.T @ e / (count - 1)
    cholesky, failed = torch.linalg.cholesky_ex(covariance)
    if count > dim and not failed:
        return FittedGaussian(mean, cholesky, "")
    why = f"{count} images for {dim} dimensions" if count <= dim else "constant pixels"
    if ridge == 0:
        raise ScoreUnavailableError(
            f"the covariance of the training images is singular ({why}); take more training images (--n-reference)"
        )
    cholesky = torch.linalg.cholesky(covariance + ridge * torch.eye(dim, dtype=x.dtype))
    return FittedGaussian(mean, cholesky, f"singular covariance ({why}): the dequantisation's variance was added")


def evaluate(fitted: FittedGaussian, images: ScoredImages) -> ScoreValues:
    """``log N(x; mu, Sigma)``."""
    e = images.events.flatten(1) - fitted.mean
    white = torch.linalg.solve_triangular(fitted.cholesky, e.T, upper=False)
    log_volume = fitted.cholesky.diagonal().log().sum()
    return ScoreValues(-white.square().sum(0) / 2 - log_volume - len(fitted.mean) * math.log(2 * math.pi) / 2)


SCORE = Score(
    name="gaussian",
    order=20,
    units="nats",
    higher_means="likelier by the mean and the covariance of the training images alone",
    source="Gaussian structure of the training set, as in arXiv 2410.24060 (there of denoisers)",
    needs=("training images",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=True,
    remark=lambda fitted: fitted.remark,
)
