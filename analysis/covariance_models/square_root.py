"""Symmetric square roots of positive semi-definite blocks."""

import torch
from jaxtyping import Float
from torch import Tensor


def square_root(blocks: Float[Tensor, "*blocks C C"]) -> Float[Tensor, "*blocks C C"]:
    """Return the Hermitian square root of each block; eigenvalues that rounding made negative count as zero."""
    values, vectors = torch.linalg.eigh(blocks)
    return (vectors * values.clamp_min(0).sqrt()[..., None, :]) @ vectors.mH
