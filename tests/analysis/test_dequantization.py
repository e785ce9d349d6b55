import pytest
import torch

from analysis.dequantization import dequantize
from curvature.errors import DtypeError


def test_every_pixel_stays_in_its_cell_and_the_noise_is_uniform():
    images = torch.randint(256, (50, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    x = dequantize(images, torch.Generator().manual_seed(1), dtype=torch.float64)
    noise = 256 * x - images
    assert noise.min() >= 0
    assert noise.max() < 1
    assert noise.mean().item() == pytest.approx(0.5, abs=4 * (1 / 12 / noise.numel()) ** 0.5)
    assert noise.var().item() == pytest.approx(1 / 12, rel=0.05)


def test_the_same_state_gives_the_same_draws():
    images = torch.zeros(4, 1, 2, 2, dtype=torch.uint8)
    first, second = (dequantize(images, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, dequantize(images, torch.Generator().manual_seed(6)))


def test_the_grid_is_256_cells_wide():
    """Dividing by 255 where the noise assumes 256 moves BPD by 0.006."""
    images = torch.full((100, 1, 4, 4), 255, dtype=torch.uint8)
    x = dequantize(images, torch.Generator().manual_seed(0), dtype=torch.float64)
    assert x.min() >= 255 / 256
    assert x.max() < 1


def test_float_images_are_refused():
    with pytest.raises(DtypeError, match=r"uint8.*got float32"):
        dequantize(torch.zeros(1, 1, 2, 2), torch.Generator())
