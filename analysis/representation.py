"""How 8-bit images become the events whose density a model gives, and in which units its likelihood is then told."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import Cells, cell_noise, fill_cells, require_pixels
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
    """

    cells: Cells = "uniform"
    bits: float = BITS_PER_PIXEL
    embed: Callable[[Tensor], Tensor] | None = None

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
        return self.embedded(fill_cells(images, cell_noise(self.cells, images.shape, generator, dtype)))

    @torch.no_grad()
    def embedded(self, x: Float[Tensor, " batch *image"]) -> Float[Tensor, " batch *event"]:
        """Return the events of dequantised images: their features, or they themselves."""
        if self.embed is None:
            return x
        return torch.cat([self.embed(part).to(x.dtype) for part in x.split(EMBEDDED_AT_ONCE)])


UNIFORM = Representation()
"""Uniform dequantisation: what every density on images takes."""


def representation_of(model: object) -> Representation:
    """The representation that a model names; uniform dequantisation for one that names none."""
    found = getattr(model, "representation", UNIFORM)
    return found if isinstance(found, Representation) else UNIFORM
