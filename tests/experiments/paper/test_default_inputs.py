"""Which inputs a flow is compared with where none are named."""

import numpy as np
import pytest

from experiments.paper.default_inputs import default_input_names


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root that holds some of the paper's sets."""
    random = np.random.default_rng(0)
    for name, shape in (("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3)), ("celeba32", (32, 32, 3))):
        (tmp_path / name).mkdir()
        images = random.integers(256, size=(4, *shape), dtype=np.uint8)
        np.savez(tmp_path / name / "test.npz", images=images)
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_DATA", str(tmp_path))
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_CACHE", str(tmp_path / "cache"))


def test_a_colour_flow_sees_every_set_at_hand_and_patches(root):
    names = default_input_names("cifar10")
    assert names[:5] == ("cifar10", "mnist", "celeba32", "china", "flower")
    assert {"cifar10:luminance", "cifar10:contrast=0.5", "constant=128", "noise=uniform"} <= set(names)
    assert "svhn" not in names, "it is not at hand"


def test_a_gray_flow_sees_gray_sets_and_keeps_its_colour(root):
    names = default_input_names("fashion_mnist")
    assert names[:2] == ("fashion_mnist", "mnist")
    assert not {"cifar10", "china", "fashion_mnist:luminance"} & set(names)


def test_an_embedded_set_is_compared_with_the_embedded_sets(root):
    assert default_input_names("china")[:3] == ("china", "flower", "digits")
