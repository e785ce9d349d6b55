import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.data.preprocessing import area_resize, area_weights, crop_and_shrink_celeba, halve
from tests.experiments.data.official_files import random_images


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40))
def test_weights_average_and_use_every_pixel_alike(old, new):
    weights = area_weights(old, new)
    np.testing.assert_allclose(weights.sum(1), 1)
    np.testing.assert_allclose(weights.sum(0), new / old)


def test_area_resize_by_a_whole_factor_is_the_block_mean():
    picture = random_images(0, 1, 3, 12, 12)[0]
    blocks = picture.reshape(3, 4, 3, 4, 3).mean((2, 4))
    np.testing.assert_array_equal(area_resize(picture, 4), np.floor(blocks + 0.5))


def test_area_resize_shares_a_pixel_between_two_by_area():
    picture = np.array([[[0, 90, 240]]], np.uint8)
    row = picture @ area_weights(3, 2).T  # (0 + 90/2)/1.5 and (90/2 + 240)/1.5
    np.testing.assert_allclose(row, [[[30, 190]]])


def test_halving_rounds_to_the_nearest_value():
    picture = np.array([[[0, 1, 255, 255], [0, 1, 255, 254]]], np.uint8)
    np.testing.assert_array_equal(halve(picture), [[[1, 255]]])  # 0.5 and 254.75
    with pytest.raises(ValueError, match="reshape"):
        halve(np.zeros((1, 3, 3), np.uint8))


def test_celeba_is_cropped_to_rows_20_to_197():
    picture = np.zeros((3, 218, 178), np.uint8)
    picture[:, :20] = picture[:, 198:] = 255
    assert crop_and_shrink_celeba(picture).max() == 0
    picture[:, 20] = 178
    assert crop_and_shrink_celeba(picture)[:, 0].min() == 32  # one row of the 178/32 in each new pixel
