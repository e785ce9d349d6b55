"""Coefficients of the closed forms, from 1x1 kernels alone (docs/theory.md, eqs. 24-26, 28-33).

Three coefficients a for the same formula ``-(1 / (2 sigma^2)) sum_i a_i (s2_{q,i} - s2_{p,i})``, in nats: the published
one, the exact one of a linear flow under independent channels, and the exact one under perfectly correlated channels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from curvature.closed_form.channel_mixing import ChannelMixing, LinearLevel, block_jacobian, linear_levels
from curvature.errors import OptionError, ShapeError
from curvature.preconditions import require_finite, require_image


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What each channel's variance is multiplied by, before ``-1 / (2 sigma^2)``.

    Attributes
    ----------
    values
        ``[C, B, B]`` float64: colour c at row and column offset within the blocks of B x B pixels that the squeezes
        make; B = 1 without a squeeze, 2 to the number of levels in Glow. In latent units squared per pixel scale
        squared.
    prior_scale
        Standard deviation sigma of the latents.
    kind
        ``published``, ``exact`` or ``correlated``.
    """

    values: Float[Tensor, " C B B"]
    prior_scale: float
    kind: str

    def __post_init__(self) -> None:
        require_finite(self.values, f"{self.kind} coefficients")
        require_positive(self.prior_scale)

    @property
    def side(self) -> int:
        """Side B of a block."""
        return self.values.shape[-1]

    def coarsen(self, side: int) -> "Coefficients":
        """Average over offsets that differ by multiples of `side` (eq. 31).

        ``side=2`` leaves one coefficient for each channel of Glow's first level, (colour, 2x2 offset); ``side=1`` one
        for each colour. A prediction from them is that of the full ones only if the difference of variances is the
        same at all offsets averaged over.
        """
        if side < 1 or self.side % side:
            raise ShapeError(f"coarsen: expected a divisor of the block's side {self.side}, got {side}")
        n = self.side // side
        parts = self.values.reshape(-1, n, side, n, side)
        return replace(self, values=parts.mean((1, 3)))

    def weights(self, event_shape: Sequence[int]) -> Float[Tensor, " C H W"]:
        """Return `w` with: predicted ``E_q log p - E_p log p = sum_i w_i (var_q,i - var_p,i)`` in nats (eq. 30).

        A variance is the mean of ``(x_i - mu_i)^2`` over samples, so ``sum_i w_i (x_i - mu_i)^2`` is the prediction's
        share of one sample, and the standard error follows as for every rung (eq. 21).

        Raises
        ------
        ShapeError
            If the images have other channels or do not divide into blocks.
        """
        C, H, W = require_image(event_shape, "closed form")
        if len(self.values) != C or H % self.side or W % self.side:
            raise ShapeError(
                f"expected images of {len(self.values)} channels that divide into {self.side}x{self.side} blocks, "
                f"got {C}x{H}x{W}"
            )
        return self.values.repeat(1, H // self.side, W // self.side) * (-0.5 / self.prior_scale**2)


def published_coefficients(
    mixings: Iterable[ChannelMixing], channels: int, prior_scale: float = 1.0, actnorm: bool = True
) -> Coefficients:
    """Compute the published ``alpha_c^2``, ``alpha_c = prod_k sum_j u_{k,c,j}`` (eqs. 24 and 32).

    The paper defines them for one stack of kernels. Here they are extended to squeezes and levels (eq. 32): channel c
    of a step continues as channel c of the next, a squeeze turns it into the channels (c, offset), and its row sums
    are multiplied until the channel goes to the latents.

    Parameters
    ----------
    mixings
        The flow's 1x1 kernels with their actnorm scales, such as a model's ``channel_mixings()``; only those of level 0
        for the coefficients of the first level's channels alone.
    channels
        Channels C of the image.
    prior_scale
        Standard deviation sigma of the latents.
    actnorm
        Whether to multiply the scales into the kernels, as the model computes them; False takes the kernels alone, as
        the paper writes.

    Raises
    ------
    ShapeError, NonFiniteError, OptionError
        If the kernels do not form a flow on that many channels, are not finite, or sigma is not positive.
    """
    levels = linear_levels(mixings, channels, actnorm)
    return Coefficients(_followed(levels), float(prior_scale), "published")


def exact_coefficients(mixings: Iterable[ChannelMixing], channels: int, prior_scale: float = 1.0) -> Coefficients:
    """Compute the exact coefficients of a linear flow for a diagonal covariance, ``||J e_i||^2`` (eqs. 25 and 29).

    Without a squeeze this is ``||U e_c||^2``. Actnorm's scales are part of the flow. Couplings are taken as zero: with
    them the coefficients are those of the linear part alone.

    Parameters
    ----------
    mixings, channels, prior_scale
        As for `published_coefficients`.

    Raises
    ------
    ShapeError, NonFiniteError, OptionError
        As for `published_coefficients`.
    """
    J = block_jacobian(linear_levels(mixings, channels), channels)
    return Coefficients(J.square().sum(0), float(prior_scale), "exact")


def correlated_coefficients(mixings: Iterable[ChannelMixing], channels: int, prior_scale: float = 1.0) -> Coefficients:
    """Compute the exact coefficients of a linear flow for perfectly correlated colours, ``Sigma = s2 11'``.

    Without a squeeze the coefficient of the pixel's variance is ``sum_i (sum_j U_ij)^2`` (eq. 26), in general
    ``||J sum_c e_{c,o}||^2`` at the pixel's offset o in its block (eq. 33). Different pixels are independent. Each
    colour gets one C-th of it, so that a prediction uses the mean of the colours' variances as s2.

    Parameters
    ----------
    mixings, channels, prior_scale
        As for `published_coefficients`.

    Raises
    ------
    ShapeError, NonFiniteError, OptionError
        As for `published_coefficients`.
    """
    J = block_jacobian(linear_levels(mixings, channels), channels)
    of_pixel = J.sum(1).square().sum(0)
    return Coefficients((of_pixel / channels).repeat(channels, 1, 1), float(prior_scale), "correlated")


def _followed(levels: tuple[LinearLevel, ...]) -> Float[Tensor, " C B B"]:
    """Products of squared row sums of each channel, computed from the last level back to the image (eq. 32)."""
    values: Tensor | None = None
    for level in reversed(levels):
        own = level.row_sum_products().square()[:, None, None]
        if values is not None:
            kept, given_away = own.chunk(2)
            own = torch.cat((kept * values, given_away.expand(-1, *values.shape[1:])))
        values = functional.pixel_shuffle(own, level.squeeze)
    assert values is not None
    return values


def require_positive(prior_scale: float) -> None:
    """Raise unless the standard deviation of the latents is positive.

    Raises
    ------
    OptionError
        If it is not.
    """
    if not prior_scale > 0:
        raise OptionError(f"prior_scale: expected a positive standard deviation, got {prior_scale}")
