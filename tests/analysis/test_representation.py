"""How images become events: cells, and features."""

import pytest
import torch

from analysis.representation import UNIFORM, Representation, representation_of
from curvature.errors import DtypeError

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
