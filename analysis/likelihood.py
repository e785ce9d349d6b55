"""Bits per dimension of a set of images, with a standard error (docs/theory.md, eq. 2)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import NonFiniteError, TooFewSamplesError
from curvature.units import BITS_PER_PIXEL, bits_per_dim


@dataclass(frozen=True)
class Measurement:
    """The mean likelihood of an input set.

    Attributes
    ----------
    input_set
        The input set's name.
    bits_per_dim
        Mean over the images; lower is more likely.
    standard_error
        Standard error of the mean over images, in bits per dimension.
    n_images
        Number of images.
    """

    input_set: str
    bits_per_dim: float
    standard_error: float
    n_images: int

    def __str__(self) -> str:
        return (
            f"{self.input_set}: {self.bits_per_dim:.4f} ± {self.standard_error:.4f} bits/dim ({self.n_images} images)"
        )


def summarize_likelihood(
    input_set: str, log_prob: Float[Tensor, " count"], dim: int, bits: float = BITS_PER_PIXEL
) -> Measurement:
    """Compute the mean bits per dimension of per-image log-likelihoods in nats.

    `bits` per dimension are added: 8 for a density of 8-bit images on [0, 1]^D, 0 for a probability mass.

    Raises
    ------
    TooFewSamplesError
        With fewer than two images, which have no standard error.
    NonFiniteError
        If any log-likelihood is NaN or infinite; none is left out silently.
    """
    count = len(log_prob)
    if count < 2:
        raise TooFewSamplesError(f"{input_set}: a standard error needs at least 2 images, got {count}")
    values = bits_per_dim(log_prob.double(), dim, bits)
    finite = values.isfinite()
    if not finite.all():
        raise NonFiniteError(f"log p is not finite for {int((~finite).sum())} of {count} images of {input_set}")
    return Measurement(input_set, values.mean().item(), values.std().item() / math.sqrt(count), count)


def measure(
    log_prob: Callable[[Tensor], Tensor],
    inputs: Float[Tensor, " count *event"],
    input_set: str,
    batch_size: int = 256,
    bits: float = BITS_PER_PIXEL,
) -> Measurement:
    """Compute the mean bits per dimension of dequantised images under a model.

    Parameters
    ----------
    log_prob
        ``[batch, *event] -> [batch]``, in nats.
    inputs
        Events as the model takes them: dequantised images on the scale [0, 1].
    input_set
        Name for the measurement.
    batch_size
        Images per evaluation, which limits the memory.
    bits
        Bits per dimension that are added, as for `summarize_likelihood`.
    """
    with torch.no_grad():
        values = torch.cat([log_prob(batch) for batch in inputs.split(batch_size)])
    return summarize_likelihood(input_set, values, inputs[0].numel(), bits)
