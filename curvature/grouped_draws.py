"""Draws from Gaussians that have the mean and covariance of samples, without a D x D matrix (docs/theory.md, eq. 80).

A draw is a random combination of the samples. Sums over groups of samples are kept, so that the same random numbers
give draws from the moments of all samples, of half of them, and of all but one group.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

GROUPS = 10
"""Groups of samples: sample i belongs to group i mod 10."""
ROWS_AT_ONCE = 256
RIDGE = 1e-12
"""Share of the total variance that keeps the Gram matrix of samples, which may repeat, positive definite."""

Kind = Literal["normal", "signs"]


def groups_of(count: int) -> Int[Tensor, " N"]:
    """Group of each of `count` samples; as many groups as samples if those are fewer than ten."""
    return torch.arange(count) % min(GROUPS, count)


@dataclass(frozen=True, eq=False)
class GroupedDraws:
    """Random combinations of samples, summed over groups of samples; made by `grouped_draws`.

    Attributes
    ----------
    centre
        Mean of all samples; the sums are about it.
    counts
        Samples of each group.
    sums
        Sum of the samples of each group.
    weights
        Sum over each group of the random numbers of each draw.
    products
        Sum over each group of random number times sample, for each draw.
    """

    centre: Float[Tensor, "*event"]
    counts: Float[Tensor, " G"]
    sums: Float[Tensor, "G D"]
    weights: Float[Tensor, "G K"]
    products: Float[Tensor, "G K D"]

    @property
    def groups(self) -> tuple[int, ...]:
        """All groups."""
        return tuple(range(len(self.counts)))

    def mean(self, groups: Sequence[int]) -> Float[Tensor, "*event"]:
        """Mean of the samples of some groups."""
        chosen = list(groups)
        offset = self.sums[chosen].sum(0) / self.counts[chosen].sum()
        return self.centre + offset.reshape(self.centre.shape)

    def deviations(self, groups: Sequence[int], draws: int | None = None) -> Float[Tensor, " K *event"]:
        """``sum_i eps_ki (x_i - mu) / sqrt(N)`` over the samples of some groups, for the first draws k, or for all."""
        chosen = list(groups)
        count = self.counts[chosen].sum()
        mean = self.sums[chosen].sum(0) / count
        products, weights = self.products[chosen, :draws].sum(0), self.weights[chosen, :draws].sum(0)
        about_mean = products - torch.outer(weights, mean)
        return (about_mean / count.sqrt()).reshape(-1, *self.centre.shape)


def grouped_draws(
    x: Float[Tensor, " N *event"], draws: int, seed: int, *, like: Tensor, kind: Kind = "normal"
) -> GroupedDraws:
    """Draw from the Gaussian that has the mean and the empirical covariance, with 1/N, of samples.

    Parameters
    ----------
    x
        Samples; one pass over them is made.
    draws
        Number K of draws.
    seed
        The random numbers of sample i depend on the seed and on i alone: sets share them row by row.
    like
        Gives the dtype and the device of the draws.
    kind
        ``normal``: Gaussian draws; ``signs``: random signs instead of normal numbers, with the same covariance.
    """
    groups = groups_of(len(x)).to(like.device)
    count, dim = int(groups.max()) + 1, x[0].numel()
    centre = x.mean(0, dtype=torch.float64).to(like)
    counts, sums = like.new_zeros(count), like.new_zeros(count, dim)
    weights, products = like.new_zeros(count, draws), like.new_zeros(count, draws, dim)
    for start, eps in _random_rows(len(x), draws, seed, kind):
        rows = (x[start : start + len(eps)].to(like) - centre).reshape(len(eps), dim)
        eps = eps.to(like)
        for g in range(count):
            own = groups[start : start + len(eps)] == g
            counts[g] += own.sum()
            sums[g] += rows[own].sum(0)
            weights[g] += eps[own].sum(0)
            products[g].addmm_(eps[own].T, rows[own])
    return GroupedDraws(centre, counts, sums, weights, products)


def floor_deviations(
    x: Float[Tensor, " N *event"], variance: float, draws: int, seed: int, *, like: Tensor
) -> Float[Tensor, " K *event"] | None:
    """Draw from N(0, variance) in the directions in which samples have no variance; None where there are none.

    Parameters
    ----------
    x
        Samples; with more of them than entries of an event there is variance in every direction.
    variance
        Of every entry, such as that of dequantisation (eq. 27).
    draws, seed, like
        As for `grouped_draws`.
    """
    N, dim = len(x), x[0].numel()
    if variance == 0 or dim < N:
        return None
    rows = x.to(like).reshape(N, dim)
    rows = rows - rows.mean(0)
    xi = torch.randn(draws, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(like)
    gram = rows @ rows.T
    # The constant vector is in the Gram matrix's null space, as rows are centred; adding it changes no projection.
    gram += gram.trace() / N**2 + torch.eye(N).to(like) * (RIDGE * gram.trace() + torch.finfo(like.dtype).tiny)
    inside = torch.cholesky_solve(rows @ xi.T, torch.linalg.cholesky(gram)).T @ rows
    return (math.sqrt(variance) * (xi - inside)).reshape(-1, *x.shape[1:])


def _random_rows(count: int, draws: int, seed: int, kind: Kind) -> Iterator[tuple[int, Float[Tensor, " n K"]]]:
    """Yield the random numbers of blocks of rows, with the index of the first; a row's do not depend on `count`."""
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, count, ROWS_AT_ONCE):
        eps = torch.randn(ROWS_AT_ONCE, draws, generator=generator, dtype=torch.float64)[: count - start]
        yield start, eps if kind == "normal" else torch.where(eps < 0, -1.0, 1.0)
