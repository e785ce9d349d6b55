"""A variance for each pixel of each channel, no correlation: the statistics of the rung `diagonal`."""

from jaxtyping import Float
from torch import Tensor

from analysis.covariance_models.covariance_model import CovarianceModel, Draw, Forms, diagonal_of


def root(e: Float[Tensor, " N C H W"]) -> Draw:
    """Scale white noise, pixel by pixel."""
    scale = e.square().mean(0).sqrt()
    return lambda xi: scale * xi


def forms(H: Float[Tensor, "C H W C H W"]) -> Forms:
    """``sum_i H_ii e_i^2``."""
    diagonal = diagonal_of(H)
    return lambda e: (diagonal * e.square()).sum((1, 2, 3))


COVARIANCE_MODEL = CovarianceModel("pixel variances", 30, "variances of the pixels", root, forms)
