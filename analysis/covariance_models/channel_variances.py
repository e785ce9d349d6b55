"""A variance for each channel, no correlation."""

from jaxtyping import Float
from torch import Tensor

from analysis.covariance_models.covariance_model import CovarianceModel, Draw, Forms, diagonal_of


def root(e: Float[Tensor, " N C H W"]) -> Draw:
    """Scale white noise, channel by channel."""
    scale = e.square().mean((0, 2, 3), keepdim=True).sqrt()
    return lambda xi: scale * xi


def forms(H: Float[Tensor, "C H W C H W"]) -> Forms:
    """``sum_c h_c |e_c|^2`` with the mean diagonal of each channel."""
    mean = diagonal_of(H).mean((1, 2))
    return lambda e: e.square().sum((2, 3)) @ mean


COVARIANCE_MODEL = CovarianceModel("channel variances", 20, "variances of the channels", root, forms)
