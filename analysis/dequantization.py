"""Uniform dequantisation (docs/theory.md, eq. 1): 8-bit pixels become points of [0, 1)^D, where log p is a density."""

from typing import Literal

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from curvature.errors import DtypeError
from curvature.units import LEVELS

Cells = Literal["uniform", "centre"]
"""Where in its cell a pixel is put: anywhere, for a density, or in the middle, for a probability mass."""


def require_pixels(images: Tensor, name: str = "images") -> None:
    """Raise unless the array holds 8-bit pixels.

    Raises
    ------
    DtypeError
        If the array is not of dtype uint8.
    """
    if images.dtype != torch.uint8:
        raise DtypeError(
            f"{name}: expected 8-bit pixels (uint8), got {str(images.dtype).removeprefix('torch.')}; "
            "pass the raw image values 0..255, dequantisation is done here"
        )


def dequantize(
    images: UInt8[Tensor, " batch *event"],
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, " batch *event"]:
    """Add uniform noise within each pixel's cell: ``x = (x8 + u) / 256`` with ``u ~ U[0, 1)`` (docs/theory.md, eq. 1).

    Parameters
    ----------
    images
        8-bit pixels.
    generator
        Source of the noise, on the device of `images`; the same state gives the same draws.
    dtype
        Precision of the noise and of the result.

    Returns
    -------
    Tensor
        Pixels on the scale [0, 1], where log p is a density.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.

    References
    ----------
    Theis, van den Oord, Bethge, "A note on the evaluation of generative models", ICLR 2016, section 3.1.
    """
    require_pixels(images)
    return fill_cells(images, cell_noise("uniform", images.shape, generator, dtype, images.device))


def cell_noise(
    cells: Cells,
    shape: tuple[int, ...],
    generator: torch.Generator,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
) -> Float[Tensor, " *shape"]:
    """Places within cells of width one: ``U[0, 1)``, or one half, for which the generator draws nothing."""
    if cells == "centre":
        return torch.full(shape, 0.5, dtype=dtype, device=device)
    return torch.rand(shape, generator=generator, dtype=dtype, device=device)


def fill_cells(
    images: UInt8[Tensor, " batch *event"], noise: Float[Tensor, " batch *event"]
) -> Float[Tensor, " batch *event"]:
    """Spread each pixel over its cell: ``x = (x8 + u) / 256`` for given ``u`` in [0, 1), in the precision of ``u``."""
    return (images.to(noise.dtype) + noise) / LEVELS
