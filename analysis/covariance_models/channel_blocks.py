"""The covariance of the channels at each pixel, pixels independent of each other."""

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.covariance_models.covariance_model import CovarianceModel, Draw, Forms
from analysis.covariance_models.square_root import square_root


def root(e: Float[Tensor, " N C H W"]) -> Draw:
    """Mix the channels of white noise, pixel by pixel."""
    mixing = square_root(torch.einsum("nchw,ndhw->hwcd", e, e) / len(e))
    return lambda xi: torch.einsum("hwcd,kdhw->kchw", mixing, xi)


def forms(H: Float[Tensor, "C H W C H W"]) -> Forms:
    """``e_p' H_pp e_p``, summed over the pixels p."""
    blocks = torch.einsum("chwdhw->cdhw", H)
    return lambda e: torch.einsum("nchw,cdhw,ndhw->n", e, blocks, e)


COVARIANCE_MODEL = CovarianceModel("channel blocks", 40, "colour", root, forms)
