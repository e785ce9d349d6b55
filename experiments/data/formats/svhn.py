"""SVHN's cropped digits: a MATLAB file (version 5) whose array `X` is [32, 32, 3, N].

Source: http://ufldl.stanford.edu/housenumbers/, "Format 2".
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged
from experiments.data.formats.matlab import read_matlab_bytes

IMAGES = "X"


def read_svhn_mat(path: Path) -> UInt8[np.ndarray, "N 3 32 32"]:
    """Read the images of a MATLAB file of cropped digits.

    Raises
    ------
    DataFileError
        If the file is damaged or its array is of another shape or dtype.
    """
    images = read_matlab_bytes(path, IMAGES)
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3):
        raise damaged(path, f"expected {IMAGES!r} uint8 [32, 32, 3, N], got {images.dtype} {list(images.shape)}")
    return images.transpose(3, 2, 0, 1)
