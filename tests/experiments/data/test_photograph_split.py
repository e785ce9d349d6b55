import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.data.catalog import load_image_set
from experiments.data.photograph_split import in_training_set
from tests.experiments.data.official_files import npz_bytes, random_images, write_svhn


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=100))
def test_a_photograph_belongs_to_one_split_as_a_whole(numbers):
    photographs = np.array(numbers)
    train = in_training_set(photographs)
    assert not set(photographs[train]) & set(photographs[~train])
    assert len(set(photographs[train])) == len(set(numbers)) * 80 // 100
    assert np.array_equal(in_training_set(photographs[::-1]), train[::-1])


def write_test_images(directory, photographs):
    images = random_images(0, len(photographs), 32, 32, 3)
    (directory / "test.npz").write_bytes(npz_bytes(images=images, source_image=photographs))


def test_svhn_with_test_images_only_is_split_by_photograph(root, cache):
    (root / "svhn").mkdir()
    photographs = np.repeat(np.arange(10), 3)
    write_test_images(root / "svhn", photographs)
    train, test = load_image_set("svhn", "train"), load_image_set("svhn", "test")
    assert (len(train), len(test)) == (24, 6)
    assert "by photograph" in train.source
    assert not {i.tobytes() for i in train.images.numpy()} & {i.tobytes() for i in test.images.numpy()}


def test_with_official_training_images_beside_it_the_official_split_holds(root, cache):
    (root / "svhn").mkdir()
    write_svhn(root / "svhn")
    write_test_images(root / "svhn", np.arange(10))
    assert len(load_image_set("svhn", "test")) == 10
    assert len(load_image_set("svhn", "train")) == 6
