"""How images become events: cells, and features."""

import math

import pytest
import torch

from analysis.representation import UNIFORM, Representation, representation_of
from curvature.errors import DtypeError, OptionError, PixelRangeError

IMAGES = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).to(torch.uint8)


def test_pixels_lie_anywhere_in_their_cells_or_in_the_middle():
    generator = torch.Generator().manual_seed(0)
    x = UNIFORM(IMAGES, generator, torch.float64)
    assert torch.equal((x * 256).floor(), IMAGES.double())
    assert not torch.equal(x, UNIFORM(IMAGES, generator, torch.float64))
    centres = Representation(cells="centre")(IMAGES, generator, torch.float64)
    assert torch.equal(centres, (IMAGES.double() + 0.5) / 256)


def test_features_are_computed_from_dequantised_images_in_their_precision():
    embed = torch.nn.Linear(16, 3, dtype=torch.float64)
    represent = Representation(embed=lambda x: embed(x[:, 0].flatten(1)))
    x = UNIFORM(IMAGES, torch.Generator().manual_seed(1), torch.float64)
    events = represent(IMAGES, torch.Generator().manual_seed(1), torch.float64)
    assert torch.equal(events, embed(x[:, 0].flatten(1)))
    assert not events.requires_grad


def test_only_8_bit_images_are_taken():
    with pytest.raises(DtypeError, match="uint8"):
        UNIFORM(IMAGES.float(), torch.Generator())


def test_a_model_without_a_representation_takes_dequantised_images():
    assert representation_of(torch.nn.Linear(1, 1)) is UNIFORM


@pytest.mark.parametrize("levels", [2, 3, 32, 200, 255, 256])
def test_values_of_a_range_come_back_within_their_level(levels):
    scale = Representation.of_values(-1.0, 3.0, levels)
    centres = -1 + 4 * (torch.arange(levels, dtype=torch.float64) + 0.5) / levels
    pixels = scale.pixels(centres, "x")
    assert len(pixels.unique()) == levels
    x = scale(pixels, torch.Generator().manual_seed(0), torch.float64)
    assert float((x - centres).abs().max()) <= 2 / levels
    assert scale.bits == pytest.approx(math.log2(levels / 4))


def test_ends_of_a_range_are_its_outer_levels_and_nothing_lies_beyond():
    scale = Representation.of_values(-1.0, 1.0)
    assert scale.pixels(torch.tensor([-1.0, 1.0, 0.0]), "x").tolist() == [0, 255, 128]
    with pytest.raises(PixelRangeError, match=r"x: floats range over \[-1.5, 0\], expected \[-1, 1\]"):
        scale.pixels(torch.tensor([-1.5, 0.0]), "x")
    for low, high, levels in ((1.0, 1.0, 256), (0.0, math.inf, 256), (0.0, 1.0, 1), (0.0, 1.0, 257)):
        with pytest.raises(OptionError):
            Representation.of_values(low, high, levels)
