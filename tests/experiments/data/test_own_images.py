"""One's own images: pixels as they are, floats read back to their levels, and what to save instead of the rest."""

import numpy as np
import pytest
import torch

from analysis.inputs import NamedTransform, parse_input_set
from curvature.errors import PixelRangeError, ShapeError, UnknownNameError
from experiments.data.catalog import load_image_set
from experiments.data.file_names import directory_name, is_array_file


@pytest.fixture
def pixels():
    return np.arange(256, dtype=np.uint8).reshape(8, 1, 4, 8)


def test_both_conventions_of_floats_are_read_back_to_the_pixels(tmp_path, pixels):
    noise = np.random.default_rng(0).random(pixels.shape)
    arrays = {
        "x8": pixels,
        "by255": pixels / 255,
        "single": (pixels / 255).astype(np.float32),
        "noisy": (pixels + noise) / 256,
    }
    np.savez(tmp_path / "a.npz", **arrays)
    sets = {name: load_image_set(f"{tmp_path}/a.npz:{name}") for name in arrays}
    assert sets["x8"].images.dtype == torch.uint8
    assert sorted(sets["x8"].images.flatten().tolist()) == list(range(256))
    assert not torch.equal(sets["x8"].images, torch.from_numpy(pixels)), "sets come in a random order"
    for each in sets.values():
        assert torch.equal(each.images, sets["x8"].images)
    assert sets["x8"].label == f"{tmp_path}/a.npz:x8"


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros((3, 4, 4), np.uint8), ShapeError, r"save array\[:, None\] instead"),
        (np.zeros((3, 16), np.uint8), ShapeError, r"save array.reshape\(-1, channels, height, width\) instead"),
        (np.full((3, 1, 4, 4), 1.5), PixelRangeError, r"floats range over \[1.5, 1.5\], expected \[0, 1\]"),
        (np.zeros((3, 8, 8, 3), np.uint8), ShapeError, "channels last"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, array, error, words):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(error, match=words):
        load_image_set(str(tmp_path / "a.npy"))


def test_names_of_input_sets():
    for name in ("a.npy", "d/a.npz", "d/a.npz:key", "a.npz:key:contrast=0.5", "a.npy:luminance", "a.npz:luminance"):
        assert str(parse_input_set(name)) == name
        assert is_array_file(parse_input_set(name).set_name)
    assert parse_input_set("a.npz:key:contrast=0.5").set_name == "a.npz:key"
    assert parse_input_set("a.npz:luminance").transforms == (NamedTransform("luminance"),)
    assert not is_array_file("mnist")
    assert directory_name("/data/my.images.npz:train") == "my-images-npz-train"
    assert directory_name("mnist") == "mnist"
    with pytest.raises(UnknownNameError, match="unknown transform"):
        parse_input_set("a.npz:key:sharpen=2")
