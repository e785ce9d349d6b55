"""A Glow is a density: it integrates to one."""

import pytest

from tests.curvature.integral import integral_of_density
from tests.experiments.models.cases import glow


def test_density_integrates_to_one():
    assert integral_of_density(glow((1, 2, 2), levels=1, steps=1, width=3), points=28) == pytest.approx(1, abs=2e-3)
