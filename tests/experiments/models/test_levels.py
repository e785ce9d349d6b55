import pytest

from curvature.errors import ShapeError
from experiments.models.levels import fitted_levels, halvings, require_divisible


@pytest.mark.parametrize(("extent", "count"), [(28, 2), (32, 5), (7, 0), (12, 2), (8, 3)])
def test_halvings_counts_the_factors_of_two(extent, count):
    assert halvings(extent) == count


def test_levels_are_as_many_as_wanted_or_as_the_images_allow():
    assert fitted_levels(3, (3, 32, 32), "a flow") == 3
    assert fitted_levels(3, (1, 28, 28), "a flow") == 2
    with pytest.raises(ShapeError, match=r"a flow halves height and width .* 6 x 7 pixels cannot be halved"):
        fitted_levels(1, (1, 6, 7), "a flow")


def test_sizes_that_do_not_divide_are_refused():
    require_divisible((1, 8, 12), 2)
    with pytest.raises(ShapeError, match="divisible by 8, got 8x12"):
        require_divisible((1, 8, 12), 3)
