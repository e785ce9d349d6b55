"""What the numbers of a case mean as events of a model: its entries, or steps along a few directions about data."""

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.claims.engine.drawing.small_numbers import Matrix, Vector

DIRECTIONS = 8
"""Numbers of a case about data, however many entries its events have."""
STEP = 0.5
"""Length of one unit of these numbers: so many standard deviations of the data, or differences of a sample."""
WHOLE_HESSIAN_WITHIN = 256
"""Largest number D of entries of an event for which claims look at all of H."""


class Coordinates(Protocol):
    """How the numbers of cases become events."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the numbers, for the strategies that draw them."""

    @property
    def frame(self) -> Float[Tensor, "K D"]:
        """Orthonormal directions among which H is looked at."""

    def point(self, numbers: Vector) -> Float[Tensor, "*event"]:
        """The event of these numbers."""

    def displacements(self, rows: Matrix) -> Float[Tensor, " N *event"]:
        """Differences of events."""


@dataclass(frozen=True)
class Entries:
    """Numbers are the entries of events; H is looked at as a whole."""

    shape: tuple[int, ...]

    @property
    def frame(self) -> Float[Tensor, "D D"]:
        """All unit vectors."""
        return torch.eye(torch.Size(self.shape).numel(), dtype=torch.float64)

    def point(self, numbers: Vector) -> Float[Tensor, "*event"]:
        """The numbers in the shape of an event."""
        return self.displacements((numbers,))[0]

    def displacements(self, rows: Matrix) -> Float[Tensor, " N *event"]:
        """Each row in the shape of an event."""
        return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), *self.shape)


@dataclass(frozen=True, eq=False)
class AboutData:
    """Numbers are steps from the mean of data along a few directions, so that points and covariances are like theirs.

    Attributes
    ----------
    mean
        The mean of the data.
    basis
        One step along each direction. Up to D = 8 the directions are the entries; beyond that differences of samples
        from the mean, and noise of the data's standard deviation.
    """

    mean: Float[Tensor, "*event"]
    basis: Float[Tensor, " K *event"]

    @classmethod
    def of(cls, x: Float[Tensor, " N *event"]) -> "AboutData":
        """Take mean and directions from events."""
        mean, dim = x.mean(0), x[0].numel()
        differences = x - mean
        deviation = float(differences.square().mean().sqrt()) or 1.0
        if dim <= DIRECTIONS:
            return cls(mean, STEP * deviation * torch.eye(dim).to(x).reshape(dim, *mean.shape))
        sampled = differences[: min(DIRECTIONS // 2, len(x) - 1)]
        shape = (DIRECTIONS - len(sampled), *mean.shape)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(x)
        return cls(mean, STEP * torch.cat([sampled, deviation * noise]))

    @property
    def shape(self) -> tuple[int, ...]:
        """One number for each direction."""
        return (len(self.basis),)

    @property
    def frame(self) -> Float[Tensor, "K D"]:
        """All unit vectors up to D = 256, beyond that an orthonormal basis of the directions."""
        dim = self.mean.numel()
        if dim <= WHOLE_HESSIAN_WITHIN:
            return torch.eye(dim).to(self.mean)
        return torch.linalg.qr(self.basis.flatten(1).T).Q.T

    def point(self, numbers: Vector) -> Float[Tensor, "*event"]:
        """The mean and these steps."""
        return self.mean + self.displacements((numbers,))[0]

    def displacements(self, rows: Matrix) -> Float[Tensor, " N *event"]:
        """Sums of steps."""
        steps = torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(self.basis)).to(self.basis)
        return torch.tensordot(steps, self.basis, 1)
