"""Nats and bits per dimension (docs/theory.md, eqs. 2 and 3)."""

import math
from typing import TypeVar

from torch import Tensor

BITS_PER_PIXEL = 8
LEVELS = 2**BITS_PER_PIXEL

Number = TypeVar("Number", float, Tensor)


def bits_per_dim(log_p: Number, dim: int, bits: float = BITS_PER_PIXEL) -> Number:
    """Convert a log density on [0, 1]^D (nats) to bits per dimension: ``-log p / (D ln 2) + 8`` (eq. 2)."""
    return -log_p / (dim * math.log(2)) + bits


def gap_bits_per_dim(nats: Number, dim: int) -> Number:
    """Convert a difference of mean log p (nats) to a gap in bits per dimension: negative = more likely (eq. 3)."""
    return -nats / (dim * math.log(2))
