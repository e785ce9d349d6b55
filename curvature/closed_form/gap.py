"""The likelihood gap from coefficients and channel variances, by the closed form (docs/theory.md, eqs. 24, 30, 44).

The published example, CIFAR-10 to SVHN, from the sums over 32x32 pixels of their variances, for alpha = 1:

>>> example = predict_from_sums([1.0, 1.0, 1.0], q_sums=[49.6, 52.7, 53.6], p_sums=[61.9, 59.2, 68.1], dim=3072)
>>> [round(2 * nats, 6) for nats in example.by_channel]  # 1 / (2 sigma^2) [12.3 a1^2 + 6.5 a2^2 + 14.5 a3^2]
[12.3, 6.5, 14.5]
>>> print(example)
predicted gap -0.0078 bits/dim = +16.65 nats more likely
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.closed_form.coefficients import Coefficients, require_positive
from curvature.errors import OptionError, ShapeError
from curvature.preconditions import float_tensor, require_finite, require_image, require_shape
from curvature.units import gap_bits_per_dim


@dataclass(frozen=True)
class ClosedFormPrediction:
    """A gap of q against p predicted from kernels and channel variances.

    Attributes
    ----------
    nats
        ``E_q log p - E_p log p``; positive = q more likely.
    by_channel
        The share of each colour, in nats.
    dim
        Number D of dimensions.
    kind
        Which coefficient: ``published``, ``exact`` or ``correlated``.
    """

    nats: float
    by_channel: tuple[float, ...]
    dim: int
    kind: str

    @property
    def bits_per_dim(self) -> float:
        """The gap in bits per dimension; negative = q more likely (eq. 3)."""
        return gap_bits_per_dim(self.nats, self.dim)

    def __str__(self) -> str:
        return f"predicted gap {self.bits_per_dim:+.4f} bits/dim = {self.nats:+.6g} nats more likely"


def predict_from_variances(coefficients: Coefficients, q_variance: Any, p_variance: Any) -> ClosedFormPrediction:
    """Predict the gap of q against p from the variance of every pixel, ``[C, H, W]`` each (eq. 30).

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError
        If the variances are not finite floats of one image shape that fits the coefficients.
    """
    q, p = _floats(q_variance, "variances of q"), _floats(p_variance, "variances of p")
    require_shape(q.shape, p.shape, "variances of q against those of p")
    shares = (coefficients.weights(p.shape).to(p.device) * (q - p)).sum((1, 2))
    return _prediction(shares, p.numel(), coefficients.kind)


def predict_from_sums(
    coefficients: Any, q_sums: Any, p_sums: Any, dim: int, prior_scale: float = 1.0, kind: str = "published"
) -> ClosedFormPrediction:
    """Predict the gap from each channel's coefficient, such as ``alpha_c^2``, and variances summed over its pixels.

    Parameters
    ----------
    coefficients, q_sums, p_sums
        One number a channel, ``[C]``, or a channel and offset, ``[C, B, B]`` (see `channel_sums`).
    dim
        Number D of dimensions, for bits per dimension.
    prior_scale
        Standard deviation sigma of the latents.
    kind
        What to call the coefficients.

    Raises
    ------
    ShapeError, NonFiniteError, OptionError
        If the shapes differ, a number is not finite, or sigma or D is not positive.
    """
    require_positive(prior_scale)
    if dim < 1:
        raise OptionError(f"dim: expected a positive number of dimensions, got {dim}")
    a, q, p = (_floats(v, name) for v, name in ((coefficients, "coefficients"), (q_sums, "q_sums"), (p_sums, "p_sums")))
    require_shape(q.shape, a.shape, "q_sums against the coefficients")
    require_shape(p.shape, a.shape, "p_sums against the coefficients")
    shares = (a * (q - p)).reshape(len(a), -1).sum(1) * (-0.5 / prior_scale**2)
    return _prediction(shares, dim, kind)


def channel_sums(variance: Any, side: int = 1) -> Float[Tensor, " C B B"]:
    """Sum per-pixel variances ``[C, H, W]`` over the pixels at the same offset of the blocks of side x side pixels.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError
        If they are not finite floats, or the image does not divide into blocks.
    """
    s2 = _floats(variance, "variances")
    C, H, W = require_image(s2.shape, "channel_sums")
    if side < 1 or H % side or W % side:
        raise ShapeError(f"channel_sums: {H}x{W} pixels do not divide into {side}x{side} blocks")
    return s2.reshape(C, H // side, side, W // side, side).sum((1, 3))


def _prediction(shares: Float[Tensor, " C"], dim: int, kind: str) -> ClosedFormPrediction:
    return ClosedFormPrediction(float(shares.sum()), tuple(shares.tolist()), dim, kind)


def _floats(values: Any, name: str) -> Tensor:
    """Floats of a list, array or tensor in double precision."""
    array = torch.tensor(values, dtype=torch.float64) if isinstance(values, list | tuple) else values
    return require_finite(float_tensor(array, name).double(), name)
