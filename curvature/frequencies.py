"""Curvature and variance by spatial frequency, in the cosine basis of an image's channels (docs/theory.md, eqs. 49-50).

These numbers say which spatial frequencies contribute to a likelihood gap. There are three versions, from crude to
exact: from the diagonals of H and Sigma in this basis, from the blocks of all channels at one frequency, and from all
entries.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.hessian.operator import product_blocks
from curvature.moments import Moments, require_events
from curvature.preconditions import require_image
from curvature.units import gap_bits_per_dim

BLOCK = 512


@dataclass(frozen=True, eq=False, repr=False)
class FrequencyBands:
    """Contribution of each frequency band to a gap; band 0 is the constant (frequency 0) of each channel.

    Attributes
    ----------
    frequency
        Mean radial frequency in cycles per pixel; 1/2 is the finest grating along an axis, 0.71 along a diagonal.
    count
        Number of basis vectors.
    curvature
        Mean ``v'Hv``, nats per squared unit of the input.
    variance_q, variance_p
        Mean ``v'Sigma v``.
    diagonal
        ``1/2 sum_v v'Hv (v'Sigma_q v - v'Sigma_p v)`` over the band, in nats: as if H and
        Sigma were diagonal in this basis.
    channels
        The same in nats, with the block of all channels at each frequency in place of its diagonal: correlations
        between channels are included, those between frequencies are not.
    share
        The band's exact part of the covariance term, ``1/2 Tr{P H (Sigma_q - Sigma_p)}`` with P the projector on the
        band, nats; the shares sum to the covariance term.
    dim
        Number D of dimensions.
    """

    frequency: Float[Tensor, " K"]
    count: Int[Tensor, " K"]
    curvature: Float[Tensor, " K"]
    variance_q: Float[Tensor, " K"]
    variance_p: Float[Tensor, " K"]
    diagonal: Float[Tensor, " K"]
    channels: Float[Tensor, " K"]
    share: Float[Tensor, " K"]
    dim: int

    @property
    def covariance(self) -> float:
        """The whole covariance term ``1/2 Tr{H (Sigma_q - Sigma_p)}`` in nats."""
        return float(self.share.sum())

    @property
    def remainder(self) -> float:
        """The off-diagonal part in nats: the covariance term minus the sum of `diagonal`."""
        return self.covariance - float(self.diagonal.sum())

    def share_above(self, frequency: float) -> float:
        """Part of the covariance term in nats that is made in bands of at least this frequency, in cycles per pixel."""
        return float(self.share[self.frequency >= frequency].sum())

    def variance_above(self, frequency: float) -> float:
        """Fraction of p's variance that lies in bands of at least this frequency, in cycles per pixel."""
        variance = self.variance_p * self.count
        return float(variance[self.frequency >= frequency].sum() / variance.sum())

    def __str__(self) -> str:
        lines = [
            f"{'cycles/pixel':>12} {'vectors':>7} {'curvature':>12} {'variance q':>11} {'variance p':>11}"
            f" {'diagonal':>10} {'channels':>10} {'share':>10}  [bits/dim]"
        ]
        columns = (self.frequency, self.count, self.curvature, self.variance_q, self.variance_p)
        parts = (self.diagonal, self.channels, self.share)
        for f, n, h, s_q, s_p, *nats in zip(*(column.tolist() for column in (*columns, *parts)), strict=True):
            gaps = " ".join(f"{gap_bits_per_dim(part, self.dim):>+10.4f}" for part in nats)
            lines.append(f"{f:>12.3f} {n:>7} {h:>+12.4g} {s_q:>11.3g} {s_p:>11.3g} {gaps}")
        sums = " ".join(f"{gap_bits_per_dim(float(part.sum()), self.dim):>+10.4f}" for part in parts)
        remainder = gap_bits_per_dim(self.remainder, self.dim)
        lines.append(f"{'sum':>57} {sums}")
        lines.append(f"{'off-diagonal remainder':>57} {remainder:>+10.4f}")
        return "\n".join(lines)


def frequency_bands(expansion: Expansion, q: Moments, p: Moments, bands: int = 8) -> FrequencyBands:
    """Split the covariance term of the gap of q against p over spatial frequencies.

    The basis is the orthonormal 2-D cosine basis (DCT-II) of each channel; its vectors are sorted by radial frequency
    into the constant and `bands` rings of equal width; empty rings are left out. The basis does not diagonalise H or
    the covariances, so sums of curvature times variance (`diagonal`) are the diagonal part alone, and `remainder` is
    the rest. The channels of natural images are strongly correlated, so that most of the rest lies between channels of
    one frequency; `channels` includes that part. `share` is exact and gives each band half of every cross term.

    Cost: one product with H for each of D basis vectors and each column of the two factors; none if the expansion is
    dense. Memory: two arrays of C x D numbers.

    Parameters
    ----------
    expansion
        Expansion of log p about an image ``[C, H, W]``.
    q, p
        Moments of the two sets.
    bands
        Number of rings in addition to the constant, at least one.

    Raises
    ------
    ShapeError
        If the events are not images ``[C, H, W]``, or the moments are of other events.
    OptionError
        If bands is not positive.
    NonFiniteError
        If a product with H is not finite.
    """
    channels, height, width = require_image(expansion.event_shape, "frequency_bands")
    require_events(expansion.event_shape, q=q, p=p)
    band, radius = _rings(height, width, bands)
    K = int(band.max()) + 1
    count = torch.bincount(band, minlength=K) * channels

    def by_band(values: Float[Tensor, "*C H W"]) -> Float[Tensor, " K"]:
        sums = torch.zeros(K, dtype=torch.float64, device=values.device)
        return sums.index_add_(0, band.to(values.device), values.double().reshape(-1, height * width).sum(0))

    h = _channel_blocks(expansion)
    (S_q, share_q), (S_p, share_p) = (_variance_and_share(expansion, moments) for moments in (q, p))
    n = count.to(h.device)
    frequency = torch.zeros(K, dtype=torch.float64).index_add_(0, band, radius) / torch.bincount(band, minlength=K)
    h_own, own_q, own_p = (torch.einsum("cchw->chw", block) for block in (h, S_q, S_p))
    return FrequencyBands(
        frequency=frequency.to(h.device),
        count=n,
        curvature=by_band(h_own) / n,
        variance_q=by_band(own_q) / n,
        variance_p=by_band(own_p) / n,
        diagonal=by_band(h_own * (own_q - own_p)) / 2,
        channels=by_band(h * (S_q - S_p)) / 2,
        share=by_band(share_q - share_p) / 2,
        dim=expansion.dim,
    )


def cosine_matrix(n: int, like: Tensor | None = None) -> Float[Tensor, "n n"]:
    """Orthonormal DCT-II of length n: row k is ``c_k cos(pi k (2j + 1) / 2n)``, of k/2n cycles per pixel (eq. 49)."""
    j = torch.arange(n, dtype=torch.float64)
    A = torch.cos(math.pi * j[:, None] * (2 * j + 1) / (2 * n)) * math.sqrt(2 / n)
    A[0] /= math.sqrt(2)
    return A if like is None else A.to(like)


def cosine_transform(x: Float[Tensor, "*batch H W"]) -> Float[Tensor, "*batch H W"]:
    """2-D DCT-II of each channel: the coefficients of images in the cosine basis."""
    return cosine_matrix(x.shape[-2], x) @ x @ cosine_matrix(x.shape[-1], x).T


def _rings(height: int, width: int, bands: int) -> tuple[Int[Tensor, " HW"], Float[Tensor, " HW"]]:
    """Band and radial frequency (cycles per pixel) of each 2-D basis function; empty bands are left out."""
    if bands < 1:
        raise OptionError(f"bands: expected at least 1, got {bands}")
    down, across = (torch.arange(n, dtype=torch.float64) / (2 * n) for n in (height, width))
    radius = torch.hypot(down[:, None], across).reshape(-1)
    widest = float(radius.max()) or 1.0
    ring = torch.ceil(radius / widest * bands - 1e-9).long()
    return torch.unique(ring, return_inverse=True)[1], radius


def _basis_blocks(expansion: Expansion) -> Iterator[Float[Tensor, "B C H W"]]:
    """Yield the basis vectors as events, in the order of a flattened event."""
    C, height, width = expansion.event_shape
    A, B = cosine_matrix(height, expansion.at), cosine_matrix(width, expansion.at)
    for index in torch.arange(expansion.dim, device=A.device).split(BLOCK):
        channel, rest = index // (height * width), index % (height * width)
        v = A.new_zeros(len(index), C, height, width)
        v[torch.arange(len(index)), channel] = A[rest // width][:, :, None] * B[rest % width][:, None, :]
        yield v


def _channel_blocks(expansion: Expansion) -> Float[Tensor, "C C H W"]:
    """``v_c'H v_d`` between the channels c, d of each frequency."""
    C, height, width = expansion.event_shape
    index, blocks = torch.arange(expansion.dim, device=expansion.at.device), []
    for rows in _basis_blocks(expansion):
        for _, Hv in product_blocks(expansion.operator, rows):
            at = index[: len(Hv)] % (height * width)
            index = index[len(Hv) :]
            coefficients = cosine_transform(Hv).reshape(len(Hv), C, height * width)
            blocks.append(coefficients.gather(2, at[:, None, None].expand(-1, C, 1))[:, :, 0])
    return torch.cat(blocks).reshape(C, height, width, C).permute(0, 3, 1, 2)


def _variance_and_share(
    expansion: Expansion, moments: Moments
) -> tuple[Float[Tensor, "C C H W"], Float[Tensor, "C H W"]]:
    """``v_c'Sigma v_d`` of each frequency's channels, and ``v'H Sigma v``, which sum to ``Tr{H Sigma}`` (eq. 50)."""
    C, height, width = expansion.event_shape
    variance, share = expansion.at.new_zeros(C, C, height, width), expansion.at.new_zeros(C, height, width)
    for f, Hf in product_blocks(expansion.operator, moments.columns().to(expansion.at)):
        coefficients = cosine_transform(f)
        variance += torch.einsum("rchw,rdhw->cdhw", coefficients, coefficients)
        share += (coefficients * cosine_transform(Hf)).sum(0)
    return variance, share
