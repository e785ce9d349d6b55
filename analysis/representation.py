"""How 8-bit images become the events whose density a model gives, and in which units its likelihood is then told."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import LEVELS, Cells, cell_noise, fill_cells, require_pixels
from curvature.errors import OptionError, PixelRangeError
from curvature.units import BITS_PER_PIXEL

EMBEDDED_AT_ONCE = 1024


@dataclass(frozen=True)
class Representation:
    """What a model takes in place of 8-bit images.

    Attributes
    ----------
    cells
        ``uniform`` noise within each pixel's cell, for densities on [0, 1]^D (docs/theory.md, eq. 1), or the ``centre``
        of each cell, for probability masses.
    bits
        Bits per dimension that are added to ``-log p / (D ln 2)`` (eq. 2): 8 for a density of 8-bit images on
        [0, 1]^D, 0 for a mass and for a density of features.
    embed
        Map from images on the scale [0, 1] to features ``[B, *features]``, if the density is one of features.
    values
        Lowest and highest value that the model takes, if its scale is not [0, 1].
    levels
        Number of cells into which this range is cut, 256 at most: pixels are put on the coarser grid.
    """

    cells: Cells = "uniform"
    bits: float = BITS_PER_PIXEL
    embed: Callable[[Tensor], Tensor] | None = None
    values: tuple[float, float] = (0.0, 1.0)
    levels: int = LEVELS

    @classmethod
    def of_values(cls, low: float, high: float, levels: int = LEVELS) -> "Representation":
        """Uniform dequantisation within `levels` cells of [low, high].

        A cell has the width ``(high - low) / levels``, so ``log2(levels / (high - low))`` bits per dimension are added
        to those of the density (docs/theory.md, eq. 2).

        Raises
        ------
        OptionError
            If the range is empty or not finite, or there are not 2 to 256 levels.
        """
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise OptionError(f"range of values: expected LOW below HIGH, got {low:g} and {high:g}")
        if not 2 <= levels <= LEVELS:
            raise OptionError(f"levels: expected 2 to {LEVELS}, got {levels}")
        return cls(bits=math.log2(levels / (high - low)), values=(low, high), levels=levels)

    @torch.no_grad()
    def __call__(
        self, images: UInt8[Tensor, " batch *image"], generator: torch.Generator, dtype: torch.dtype = torch.float32
    ) -> Float[Tensor, " batch *event"]:
        """Return the events of 8-bit images, in the precision `dtype`.

        Raises
        ------
        DtypeError
            If the images are not of dtype uint8.
        """
        require_pixels(images)
        noise = cell_noise(self.cells, images.shape, generator, dtype)
        if self.levels == LEVELS:
            return self.embedded(fill_cells(images, noise))
        level = (images.int() * self.levels) // LEVELS
        return self.embedded((level.to(noise.dtype) + noise) / self.levels)

    def pixels(self, x: Float[Tensor, "*batch"], name: str) -> UInt8[Tensor, "*batch"]:
        """Return the 8-bit pixels that stand for values of this range: the lowest ones of each value's level.

        Raises
        ------
        PixelRangeError
            If a value lies outside the range.
        """
        low, high = self.values
        if float(x.min()) < low or float(x.max()) > high:
            raise PixelRangeError(
                f"{name}: floats range over [{float(x.min()):.4g}, {float(x.max()):.4g}], expected [{low:g}, {high:g}]"
            )
        level = ((x.double() - low) / (high - low) * self.levels).floor().clamp(0, self.levels - 1)
        return (level * LEVELS / self.levels).ceil().to(torch.uint8)

    @torch.no_grad()
    def embedded(self, x: Float[Tensor, " batch *image"]) -> Float[Tensor, " batch *event"]:
        """Return the events of dequantised images: their features, or they themselves."""
        low, high = self.values
        if (low, high) != (0.0, 1.0):
            x = low + (high - low) * x
        if self.embed is None:
            return x
        return torch.cat([self.embed(part).to(x.dtype) for part in x.split(EMBEDDED_AT_ONCE)])


UNIFORM = Representation()
"""Uniform dequantisation: what every density on images takes."""


def representation_of(model: object) -> Representation:
    """The representation that a model names; uniform dequantisation for one that names none."""
    found = getattr(model, "representation", UNIFORM)
    return found if isinstance(found, Representation) else UNIFORM
