"""One's own arrays: what is read, and one clear line for what is not."""

import numpy as np
import pytest
import torch

from curvature.errors import DtypeError, NonFiniteError, ShapeError, UnknownNameError
from experiments.data.errors import DataFileError, DataNotFoundError
from experiments.data.own_arrays import is_own_array, read_own_array, read_own_events

FLOATS = np.linspace(0, 1, 24, dtype=np.float64).reshape(4, 6)
PIXELS = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("floats.npy", FLOATS)
    np.savez("one.npz", mine=PIXELS)
    np.savez_compressed("two.npz", a=FLOATS, b=PIXELS)
    return tmp_path


def test_floats_are_taken_as_they_are(here):
    x = read_own_events("floats.npy")
    assert x.dtype == torch.float64
    assert torch.equal(x, torch.from_numpy(FLOATS))
    assert torch.equal(read_own_events("two.npz:a"), x)
    np.save("half.npy", FLOATS.astype(np.float16))
    assert read_own_events("half.npy").dtype == torch.float32


def test_pixels_are_dequantised_with_a_seed(here):
    x = read_own_events("one.npz")
    assert np.array_equal((256 * x).floor().numpy(), PIXELS)
    assert torch.equal(x, read_own_events("two.npz:b", seed=0))
    assert not torch.equal(x, read_own_events("one.npz", seed=1))
    assert np.array_equal(read_own_array("one.npz:mine"), PIXELS)


@pytest.mark.parametrize(
    ("name", "own"), [("a.npy", True), ("b/a.npz:key", True), ("cifar10", False), ("china:contrast=0.5", False)]
)
def test_files_of_arrays_are_told_from_names_of_data_sets(name, own):
    assert is_own_array(name) is own


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (FLOATS.astype(int), DtypeError, "expected floats or 8-bit pixels"),
        (FLOATS > 0.5, DtypeError, "got bool"),
        (FLOATS[0], ShapeError, r"got shape \[6\]"),
        (FLOATS[:0], ShapeError, r"got shape \[0, 6\]"),
        (np.zeros((5, 8, 8, 3), np.uint8), ShapeError, r"array.transpose\(0, 3, 1, 2\)"),
        (np.where(FLOATS > 0.5, np.nan, FLOATS), NonFiniteError, "12 of 24 values"),
    ],
)
def test_arrays_that_are_no_events_are_named(here, array, error, words):
    np.save("wrong.npy", array)
    with pytest.raises(error, match=words) as raised:
        read_own_array("wrong.npy")
    assert "wrong.npy" in str(raised.value)


def test_images_that_may_be_either_way_round_are_taken_as_they_are(here):
    np.save("square.npy", np.zeros((2, 3, 8, 3), np.uint8))
    assert read_own_array("square.npy").shape == (2, 3, 8, 3)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("two.npz", DataFileError, "holds the arrays a, b; say which: two.npz:a"),
        ("two.npz:c", UnknownNameError, "unknown array of two.npz 'c'.*a, b"),
        ("nowhere.npy", DataNotFoundError, "nowhere.npy: there is no such file"),
        ("floats.txt", DataFileError, "expected FILE.npy, FILE.npz or FILE.npz:KEY"),
        ("damaged.npz", DataFileError, "damaged.npz: cannot be read"),
        ("pickled.npy", DataFileError, "without pickled objects"),
    ],
)
def test_files_that_cannot_be_read_are_named(here, name, error, words):
    (here / "damaged.npz").write_bytes((here / "one.npz").read_bytes()[:100])
    np.save("pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(error, match=words):
        read_own_array(name)
