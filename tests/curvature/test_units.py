import math

import pytest
import torch

from curvature import bits_per_dim, gap_bits_per_dim


def test_units():
    assert bits_per_dim(0.0, dim=10) == 8
    uniform_on_half = torch.full((3,), 5 * math.log(2), dtype=torch.float64)
    torch.testing.assert_close(bits_per_dim(uniform_on_half, dim=5), torch.full((3,), 7.0, dtype=torch.float64))
    assert gap_bits_per_dim(-3.0, dim=6) == pytest.approx(bits_per_dim(-4.0, 6) - bits_per_dim(-1.0, 6))
