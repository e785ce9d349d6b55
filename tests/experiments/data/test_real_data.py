"""The real data sets, where LIKELIHOOD_CURVATURE_DATA names a directory that has them; skipped where it does not."""

from functools import lru_cache

import numpy as np
import pytest
import torch

from experiments.data.catalog import load_image_set
from experiments.data.errors import DataNotFoundError
from experiments.data.npz_layout import SOURCE_PHOTOGRAPH, read_array
from experiments.data.registry import DESCRIPTIONS, REAL_SETS
from experiments.data.statistics import pixel_statistics
from experiments.data.stored_sets import find_split

pytestmark = pytest.mark.slow
SPLITS = [(name, split) for name in REAL_SETS for split in DESCRIPTIONS[name].splits]

# Unpacking takes seconds, and every test here reads the same files.
load_once = lru_cache(maxsize=None)(load_image_set)


def load_or_skip(name, split):
    try:
        return load_once(name, split)
    except DataNotFoundError:
        pytest.skip(f"{name}/{split} is not in the data root")


@pytest.mark.parametrize(
    ("label", "mean", "std"),
    [
        ("mnist/train", [0.1307], [0.3081]),
        ("fashion_mnist/train", [0.2860], [0.3530]),
        # Published: those of all 50,000 training images, of which a data root may hold a part.
        ("cifar10/train", [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
    ],
)
def test_mean_and_standard_deviation_are_the_published_ones(real_data, label, mean, std):
    pixels = load_or_skip(*label.split("/")).images.double() / 255
    tolerance = 5e-5 if len(pixels) in (60_000, 50_000) else 2e-3
    np.testing.assert_allclose(pixels.mean((0, 2, 3)), mean, atol=tolerance)
    np.testing.assert_allclose(pixels.transpose(0, 1).flatten(1).std(1), std, atol=tolerance)


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_every_split_that_is_there_loads(real_data, name, split):
    images = load_or_skip(name, split)
    assert images.event_shape == DESCRIPTIONS[name].event_shape
    assert images.images.min() < images.images.max()


def test_svhn_train_and_test_share_no_photograph(real_data):
    train, test = find_split("svhn", "train"), find_split("svhn", "test")
    if train is None or not train.by_photograph:
        pytest.skip("svhn is not split by photograph in the data root")
    (path,) = train.files.values()
    numbers = read_array(path, SOURCE_PHOTOGRAPH)
    in_train, in_test = train.chosen(len(numbers)), test.chosen(len(numbers))
    assert not set(numbers[in_train]) & set(numbers[in_test])
    assert np.array_equal(in_train, ~in_test)
    assert 0.78 < in_train.mean() < 0.82
    loaded = load_or_skip("svhn", "test")
    assert len(loaded) == in_test.sum()
    assert "by photograph" in loaded.source


def test_the_splits_of_cifar10_share_no_image(real_data):
    splits = [load_or_skip("cifar10", split).images for split in ("train", "heldout", "test")]
    seen = [{image.numpy().tobytes() for image in images} for images in splits]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


def test_the_first_images_are_a_random_sample(real_data):
    images = load_or_skip("emnist_letters", "test").images.double().mean((1, 2, 3))
    error = images.std() / 1000**0.5
    assert abs(images[:1000].mean() - images.mean()) < 4 * error


def test_sums_of_variances_are_near_those_of_the_paper(real_data):
    statistics = pixel_statistics(load_or_skip("svhn", "test"))
    difference = statistics.variance_sum - np.array([49.6, 52.7, 53.6])
    assert (np.abs(difference) < 3 * statistics.variance_sum_se).all()


def test_loading_is_the_same_every_time(real_data):
    assert torch.equal(load_or_skip("mnist", "test").images, load_image_set("mnist", "test").images)
