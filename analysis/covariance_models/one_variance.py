"""One variance for all pixels and channels, no correlation."""

from jaxtyping import Float
from torch import Tensor

from analysis.covariance_models.covariance_model import CovarianceModel, Draw, Forms, diagonal_of


def root(e: Float[Tensor, " N C H W"]) -> Draw:
    """Scale white noise."""
    scale = e.square().mean().sqrt()
    return lambda xi: scale * xi


def forms(H: Float[Tensor, "C H W C H W"]) -> Forms:
    """``|e|^2`` times the mean of the diagonal."""
    mean = diagonal_of(H).mean()
    return lambda e: mean * e.square().sum((1, 2, 3))


COVARIANCE_MODEL = CovarianceModel("one variance", 10, "variance", root, forms)
