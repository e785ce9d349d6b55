"""MATLAB files written by SciPy come back as SciPy reads them."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from experiments.data.errors import DataFileError
from experiments.data.formats.matlab import read_matlab_bytes
from tests.experiments.data.official_files import random_images

CELLS = np.array([1, "b"], object)


@pytest.mark.parametrize("shape", [(32, 32, 3, 5), (1, 3), (2, 2), (7, 1), (1, 1)])
@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("name", ["X", "images_of_the_set"])
def test_arrays_come_back_whatever_stands_before_them(name, is_compressed, shape, tmp_path):
    images = random_images(0, *shape)
    others = {
        "y": np.ones((3, 1)),
        "words": "abc",
        "structure": {"a": np.arange(4)},
        "cells": np.array([1, "b"], object),
    }
    savemat(tmp_path / "a.mat", {**others, name: images, "last": np.zeros(3)}, do_compression=is_compressed)
    found = read_matlab_bytes(tmp_path / "a.mat", name)
    assert np.array_equal(found, images)
    assert np.array_equal(found, loadmat(tmp_path / "a.mat")[name])


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones((2, 2)), "got double"),
        (np.ones((2, 2), np.uint16), "got uint16"),
        ("text", "got char"),
        (CELLS, "MATLAB's class 1"),
    ],
)
def test_an_array_of_another_type_is_told(array, words, tmp_path):
    savemat(tmp_path / "a.mat", {"X": array})
    with pytest.raises(DataFileError, match=words):
        read_matlab_bytes(tmp_path / "a.mat", "X")


def test_a_file_of_an_older_version_or_without_the_array_is_told(tmp_path):
    savemat(tmp_path / "a.mat", {"X": np.ones((2, 2), np.uint8)}, format="4")
    with pytest.raises(DataFileError, match="MATLAB file of version 5"):
        read_matlab_bytes(tmp_path / "a.mat", "X")
    savemat(tmp_path / "b.mat", {"Y": np.ones((2, 2), np.uint8)})
    with pytest.raises(DataFileError, match="no array 'X'"):
        read_matlab_bytes(tmp_path / "b.mat", "X")
