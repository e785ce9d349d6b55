"""Mean and covariance of a set of samples, all that a second-order expansion uses of data (theory.md, eqs. 12-15)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.accumulation import MomentAccumulator, orthogonal_columns, symmetric_factor
from curvature.affine_maps import require_affine
from curvature.errors import DtypeError, OptionError, ShapeError
from curvature.preconditions import float_tensor, require_finite, require_shape
from curvature.samples import batches


@dataclass(frozen=True, eq=False, repr=False)
class Moments:
    """First two moments of a distribution over events, with the covariance as a factor.

    The covariance is the EMPIRICAL one, ``1/N sum (x - mean)(x - mean)'``, not the unbiased 1/(N-1): the expansion of
    a sample average is then an identity in these moments.

    Attributes
    ----------
    mean
        Mean of the events, float64, in the units of the model's input.
    factor
        ``[D, R]`` float64 with ``covariance = factor @ factor.T``; D is the number of entries of an event.
    count
        Number of samples behind the moments; a constant counts as one.
    dropped_energy
        Fraction of the trace of the covariance that truncation has left out.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError
        If mean and factor are not finite float64 tensors that fit each other.
    """

    mean: Float[Tensor, "*event"]
    factor: Float[Tensor, "D R"]
    count: int
    dropped_energy: float = 0.0

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("factor", self.factor)):
            if values.dtype != torch.float64:
                raise DtypeError(f"{name}: expected float64, got {values.dtype}; moments are kept in double precision")
            require_finite(values, name)
        require_shape(self.factor.shape[:-1], (self.mean.numel(),), "factor: rows against the entries of the mean")
        if not 0 <= self.dropped_energy < 1:
            raise OptionError(f"dropped_energy: expected a fraction in [0, 1), got {self.dropped_energy}")

    @classmethod
    def from_samples(cls, samples: Any) -> "Moments":
        """Compute the moments of samples in one pass.

        Parameters
        ----------
        samples
            Float array or tensor ``[N, *event]``, or an iterable of such batches (read once), such as a DataLoader; of
            batches that are tuples or lists, such as (images, labels), the first element. On an array's device.

        Raises
        ------
        DtypeError, ShapeError, NonFiniteError, TooFewSamplesError
            If the samples are not at least two finite float events of one shape.
        """
        accumulator = MomentAccumulator()
        for batch in batches(samples):
            accumulator.add(batch)
        return cls(*accumulator.finish())

    @classmethod
    def constant(cls, c: Any) -> "Moments":
        """Moments of one fixed event ``c``: mean c, covariance zero, no sampling error (docs/theory.md, eq. 15)."""
        mean = require_finite(float_tensor(c, "constant"), "constant").to(torch.float64, copy=True)
        return cls(mean, mean.new_zeros(mean.numel(), 0), count=1)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""
        return tuple(self.mean.shape)

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.mean.numel()

    @property
    def rank(self) -> int:
        """Number R of columns of the factor."""
        return self.factor.shape[1]

    @property
    def total_variance(self) -> float:
        """Trace of the covariance."""
        return float(self.factor.square().sum())

    def covariance(self) -> Float[Tensor, "D D"]:
        """Return the empirical covariance matrix, ``factor @ factor.T``."""
        return self.factor @ self.factor.T

    def variance(self) -> Float[Tensor, "*event"]:
        """Return the variance of every entry of the event: the diagonal of the covariance."""
        return self.factor.square().sum(1).reshape(self.mean.shape)

    def columns(self) -> Float[Tensor, " R *event"]:
        """Return the columns of the factor as events."""
        return self.factor.T.reshape(self.rank, *self.event_shape)

    def to(self, device: torch.device | str) -> "Moments":
        """Return the same moments on another device."""
        return replace(self, mean=self.mean.to(device), factor=self.factor.to(device))

    def merge(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of samples together, exactly (docs/theory.md, eq. 12)."""
        require_shape(other.event_shape, self.event_shape, "merge: event shape of the other moments")
        n, m, N = self.count, other.count, self.count + other.count
        delta = (other.mean - self.mean).reshape(-1, 1)
        F = torch.cat(
            [
                math.sqrt(n / N) * self.factor,
                math.sqrt(m / N) * other.factor,
                math.sqrt(n * m) / N * delta,
            ],
            dim=1,
        )
        dropped = n / N * _dropped_variance(self) + m / N * _dropped_variance(other)
        total = float(F.square().sum()) + dropped
        if F.shape[1] > F.shape[0]:
            F = symmetric_factor(F @ F.T)
        return Moments(self.mean + m / N * (other.mean - self.mean), F, N, dropped / total if dropped else 0.0)

    def truncate(self, rank: int | None = None, energy: float | None = None) -> "Moments":
        """Keep the leading principal components and report what is dropped.

        Parameters
        ----------
        rank
            Number of components to keep, at least 1.
        energy
            Alternatively: the fraction of the trace to keep, in (0, 1]; the smallest rank that reaches it is taken.

        Returns
        -------
        Moments
            With `dropped_energy` as a fraction of the trace before any truncation.

        Raises
        ------
        OptionError
            Unless exactly one of both is given, in its range.
        """
        if (rank is None) == (energy is None):
            raise OptionError("truncate: give either rank or energy")
        F = orthogonal_columns(self.factor)
        lengths = F.square().sum(0)
        total = float(lengths.sum())
        if rank is None:
            assert energy is not None
            if not 0 < energy <= 1:
                raise OptionError(f"energy: expected a fraction in (0, 1], got {energy}")
            # A few roundings of slack, so that energy=1 drops columns that are zero but for rounding.
            missing = total - lengths.cumsum(0)
            rank = 1 + int((missing > (1 - energy) * total + 4 * torch.finfo(F.dtype).eps * total).sum())
        if rank < 1:
            raise OptionError(f"rank: expected at least 1, got {rank}")
        dropped = float(lengths[rank:].sum()) / total if total else 0.0
        return replace(self, factor=F[:, :rank], dropped_energy=1 - (1 - self.dropped_energy) * (1 - dropped))

    def contrast(self, lam: float, towards: Any) -> "Moments":
        """Moments of ``x' = m + lam (x - m)``: graying by lam towards the value m (docs/theory.md, eq. 13).

        Parameters
        ----------
        lam
            Contrast: 1 leaves the data as they are, 0 makes every event equal to m.
        towards
            The value m: a number, or an array of the event's shape, on the scale of the mean.
        """
        m = torch.as_tensor(towards, dtype=self.mean.dtype, device=self.mean.device)
        return replace(self, mean=(m + lam * (self.mean - m)).expand(self.mean.shape), factor=lam * self.factor)

    def map_linear(
        self,
        P: Float[Tensor, "E D"] | np.ndarray | Callable[[Tensor], Tensor],
        event_shape: Sequence[int] | None = None,
    ) -> "Moments":
        """Moments of ``x' = P x``, such as luminance in place of colour (docs/theory.md, eq. 14).

        Parameters
        ----------
        P
            A matrix on flattened events, or a linear or affine map of batches ``[B, *event]`` in float64.
        event_shape
            Shape of the new events for a matrix; the old one if the number of entries stays, else flat.

        Raises
        ------
        ShapeError
            If the matrix does not fit the events.
        OptionError
            If the map is neither linear nor affine.
        """
        if callable(P) and not isinstance(P, Tensor):
            require_affine(P, self.mean)
            # One batch for all: a constant has no columns, and P may fail on an empty batch.
            mean, zero, *columns = P(torch.cat([self.mean[None], torch.zeros_like(self.mean)[None], self.columns()]))
            F = torch.stack([mean, *columns])[1:] - zero
            return replace(self, mean=mean, factor=F.reshape(self.rank, mean.numel()).T.contiguous())
        matrix = float_tensor(P, "P").to(self.mean)
        if matrix.ndim != 2:
            raise ShapeError(f"P: expected a matrix [E, {self.dim}], got shape {tuple(matrix.shape)}")
        require_shape(matrix.shape[1:], (self.dim,), "P: columns against the entries of an event")
        E = len(matrix)
        shape = tuple(event_shape) if event_shape is not None else self.event_shape if self.dim == E else (E,)
        require_shape((math.prod(shape),), (E,), "event_shape: number of entries against the rows of P")
        return replace(self, mean=(matrix @ self.mean.reshape(-1)).reshape(shape), factor=matrix @ self.factor)

    def __repr__(self) -> str:
        dropped = f", dropped_energy={self.dropped_energy:.3g}" if self.dropped_energy else ""
        return f"Moments(event_shape={self.event_shape}, rank={self.rank}, count={self.count}{dropped})"


def require_events(event_shape: tuple[int, ...], **sets: Any) -> None:
    """Raise unless every set is given as its moments, of events of this shape; a set that is None is left out.

    Raises
    ------
    DtypeError
        If something else was given, such as the samples themselves.
    ShapeError
        Naming the set and both shapes.
    """
    for name, moments in sets.items():
        if moments is not None:
            if not isinstance(moments, Moments):
                got = type(moments).__name__
                raise DtypeError(f"{name}: expected Moments, got {got}; pass Moments.from_samples({name})")
            require_shape(moments.event_shape, event_shape, f"{name}: event shape against the expansion point")


def _dropped_variance(moments: Moments) -> float:
    """Trace that truncation has taken from a covariance."""
    return moments.total_variance * moments.dropped_energy / (1 - moments.dropped_energy)
