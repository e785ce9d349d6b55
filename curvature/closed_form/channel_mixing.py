"""The linear part of a flow: its 1x1 kernels, squeezes and factored-out halves (docs/theory.md, eq. 28).

A flow is given as a list of objects with the fields `level`, `step`, `kernel` and `scale`; no model is imported.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from curvature.errors import ShapeError
from curvature.preconditions import float_tensor, require_finite


class ChannelMixing(Protocol):
    """What one flow step does linearly to the channels of a pixel: ``kernel @ diag(scale)``."""

    @property
    def level(self) -> int:
        """0 for the level next to the image."""

    @property
    def step(self) -> int:
        """Position within the level; steps run in ascending order."""

    @property
    def kernel(self) -> Float[Tensor, " C C"]:
        """The 1x1 kernel; rows are output channels."""

    @property
    def scale(self) -> Float[Tensor, " C"]:
        """Scale of each input channel of the kernel (actnorm); ones where there is none."""


@dataclass(frozen=True, eq=False)
class Mixing:
    """A `ChannelMixing` of plain tensors.

    Attributes
    ----------
    level, step, kernel, scale
        As in `ChannelMixing`.
    """

    level: int
    step: int
    kernel: Float[Tensor, " C C"]
    scale: Float[Tensor, " C"]


@dataclass(frozen=True, eq=False)
class LinearLevel:
    """One level of a linear multi-scale flow.

    Attributes
    ----------
    squeeze
        Side of the pixel blocks that the level turns into channels: 2 in Glow, 1 without a squeeze.
    matrices
        The steps' maps of a pixel's channels, first to last, float64.
    """

    squeeze: int
    matrices: tuple[Float[Tensor, "C C"], ...]

    @property
    def channels(self) -> int:
        """Number of channels after the squeeze."""
        return len(self.matrices[0])

    def product(self) -> Float[Tensor, "C C"]:
        """All steps as one map, ``W_K diag(s_K) ... W_1 diag(s_1)``."""
        return reduce(lambda product, matrix: matrix @ product, self.matrices)

    def row_sum_products(self) -> Float[Tensor, " C"]:
        """``alpha_c = prod_k sum_j u_{k,c,j}`` (eq. 24)."""
        return torch.stack([matrix.sum(1) for matrix in self.matrices]).prod(0)


def from_kernels(kernels: Sequence[Tensor] | Tensor, scales: Sequence[Tensor] | Tensor | None = None) -> list[Mixing]:
    """Wrap the kernels ``[K, C, C]`` of one level, first to last, and optionally the scales ``[K, C]`` before them."""
    ones = [torch.ones(len(kernel), dtype=kernel.dtype) for kernel in kernels]
    pairs = zip(kernels, ones if scales is None else scales, strict=True)
    return [Mixing(0, step, kernel, scale) for step, (kernel, scale) in enumerate(pairs)]


def linear_levels(mixings: Iterable[ChannelMixing], channels: int, actnorm: bool = True) -> tuple[LinearLevel, ...]:
    """Sort the steps by level, and find each level's squeeze from its number of channels.

    Parameters
    ----------
    mixings
        Every step of the flow. After each level but the last, the second half of the channels goes to the latents.
        The deepest levels may be left out: after the last level given, all channels count as latents.
    channels
        Channels C of the image.
    actnorm
        Whether the maps include actnorm's scales, as the model computes them, or are the kernels alone.

    Raises
    ------
    ShapeError
        If there are no steps, a level is missing, or the sizes fit no squeeze into square blocks.
    NonFiniteError
        If a kernel or a scale is not finite.
    """
    by_level: dict[int, list[ChannelMixing]] = {}
    for mixing in sorted(mixings, key=lambda m: (m.level, m.step)):
        by_level.setdefault(mixing.level, []).append(mixing)
    if not by_level or sorted(by_level) != list(range(len(by_level))):
        raise ShapeError(f"channel mixings: expected steps of the levels 0, 1, ..., got levels {sorted(by_level)}")
    levels: list[LinearLevel] = []
    for level, steps in by_level.items():
        matrices = tuple(_matrix(step, actnorm) for step in steps)
        sizes = {len(matrix) for matrix in matrices}
        squeeze = math.isqrt(len(matrices[0]) // channels)
        if sizes != {channels * squeeze**2}:
            raise ShapeError(
                f"level {level}: kernels of sizes {sorted(sizes)} cannot follow {channels} channels; "
                "expected one size, that number or 4 times it after a 2x2 squeeze"
            )
        levels.append(LinearLevel(squeeze, matrices))
        channels = levels[-1].channels // 2
        if levels[-1].channels % 2 and level + 1 < len(by_level):
            raise ShapeError(
                f"level {level}: {levels[-1].channels} channels cannot be halved; pass the levels up to it"
            )
    return tuple(levels)


def block_side(levels: Iterable[LinearLevel]) -> int:
    """Side of the blocks of pixels that a linear multi-scale flow maps independently: the product of its squeezes."""
    return math.prod(level.squeeze for level in levels)


def block_jacobian(levels: Sequence[LinearLevel], channels: int) -> Float[Tensor, " N C B B"]:
    """Jacobian of the linear multi-scale flow on one block of B x B pixels, ``N = C B^2`` (eq. 28).

    Returns
    -------
    Tensor [N, C, B, B]
        ``[n, c, i, j]``: derivative of the block's n-th latent by channel c of the pixel at row i and column j.
    """
    side = block_side(levels)
    N = channels * side**2
    matrix = levels[0].matrices[0]
    x = torch.eye(N, dtype=matrix.dtype, device=matrix.device).reshape(N, channels, side, side)
    latents = []
    for level in levels:
        x = torch.einsum("dc,nchw->ndhw", level.product(), functional.pixel_unshuffle(x, level.squeeze))
        if level is not levels[-1]:
            x, given_away = x.chunk(2, dim=1)
            latents.append(given_away.flatten(1))
    J = torch.cat([*latents, x.flatten(1)], 1).T
    return J.reshape(N, channels, side, side)


def _matrix(mixing: ChannelMixing, actnorm: bool) -> Float[Tensor, "C C"]:
    """The step's map in float64."""
    name = f"level {mixing.level}, step {mixing.step}"
    kernel, scale = float_tensor(mixing.kernel, f"kernel of {name}"), float_tensor(mixing.scale, f"scale of {name}")
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or tuple(scale.shape) != tuple(kernel.shape[1:]):
        raise ShapeError(
            f"{name}: expected a kernel [C, C] and a scale [C], got {tuple(kernel.shape)} and {tuple(scale.shape)}"
        )
    matrix = kernel.double() * scale.double() if actnorm else kernel.double()
    return require_finite(matrix, f"kernel of {name}")
