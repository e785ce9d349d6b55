"""One pass over samples for their mean and covariance factor, float64, bounded memory (docs/theory.md, eq. 12)."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import ShapeError, TooFewSamplesError
from curvature.preconditions import float_tensor, require_finite, require_shape

ROWS_PER_BLOCK = 1024


class MomentAccumulator:
    """Mean and scatter matrix of a stream of samples.

    Up to D samples are kept unchanged, because the centred samples are a thin factor themselves. More samples are added
    to the scatter matrix by the pairwise update of Chan, Golub and LeVeque. Memory: about two D x D float64 matrices.

    References
    ----------
    Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", COMPSTAT 1982.
    """

    def __init__(self) -> None:
        self.event_shape: tuple[int, ...] | None = None
        self.buffer: list[Tensor] = []
        self.n_buffered = 0
        self.n_folded = 0
        self.mean: Tensor | None = None
        self.scatter: Tensor | None = None

    def add(self, samples: Any) -> None:
        """Add a batch ``[B, *event]`` of floats.

        Raises
        ------
        DtypeError, ShapeError, NonFiniteError
            If the batch does not hold finite floats, or has another event shape than the batches before it.
        """
        x = float_tensor(samples, "samples")
        if x.ndim == 0:
            raise ShapeError("samples: expected an array [N, *event], got a single number")
        if self.event_shape is None:
            self.event_shape = tuple(x.shape[1:])
        require_shape(x.shape[1:], self.event_shape, "samples: event shape of a batch against the first batch")
        D = math.prod(self.event_shape)
        for block in x.reshape(len(x), D).split(ROWS_PER_BLOCK):
            self.buffer.append(require_finite(block, "samples").to(torch.float64, copy=True))
            self.n_buffered += len(block)
            if self.n_buffered > D:
                self._fold()

    def _fold(self) -> None:
        """Move the buffered samples into the mean and the scatter matrix (eq. 12)."""
        x = torch.cat(self.buffer)
        self.buffer, self.n_buffered = [], 0
        n, mean = len(x), x.mean(0)
        x -= mean  # in place, as below: at D = 3072 every copy takes 75 to 100 MB
        if self.mean is None or self.scatter is None:
            self.mean, self.scatter = mean, x.T @ x
        else:
            N = self.n_folded + n
            delta = mean - self.mean
            self.scatter.addmm_(x.T, x).addr_(delta, delta, alpha=self.n_folded * n / N)
            self.mean = self.mean + delta * (n / N)
        self.n_folded += n

    def finish(self) -> tuple[Float[Tensor, "*event"], Float[Tensor, "D R"], int]:
        """Return the mean, a factor F of the empirical covariance ``F F'``, and the number of samples.

        Raises
        ------
        TooFewSamplesError
            With fewer than two samples.
        """
        N = self.n_folded + self.n_buffered
        if N < 2 or self.event_shape is None:
            raise TooFewSamplesError(f"samples: expected at least 2 for a covariance, got {N}")
        if self.scatter is None:
            x = torch.cat(self.buffer)
            mean = x.mean(0)
            return mean.reshape(self.event_shape), (x - mean).T.contiguous() / math.sqrt(N), N
        if self.n_buffered:
            self._fold()
        assert self.mean is not None
        return self.mean.reshape(self.event_shape), symmetric_factor(self.scatter / N), N


def symmetric_factor(Sigma: Float[Tensor, "D D"]) -> Float[Tensor, "D R"]:
    """Factor a positive semi-definite matrix, ``Sigma = F F'``; the column of the largest eigenvalue comes first.

    Eigenvalues below ``D eps`` times the largest one cannot be told from zero; their columns are left out.
    """
    values, U = torch.linalg.eigh(Sigma)
    values, U = values.flip(0), U.flip(1)
    keep = values > len(values) * torch.finfo(values.dtype).eps * values[0].clamp_min(0)
    return U[:, keep] * values[keep].sqrt()


def orthogonal_columns(F: Float[Tensor, "D R"]) -> Float[Tensor, "D R"]:
    """Rotate a factor so that its columns are orthogonal, the longest first; ``F F'`` does not change."""
    _, V = torch.linalg.eigh(F.T @ F)
    return F @ V.flip(1)
