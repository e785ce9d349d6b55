"""SVHN's cropped digits: a MATLAB file (version 5) whose array `X` is [32, 32, 3, N].

Source: http://ufldl.stanford.edu/housenumbers/, "Format 2".
"""

import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged

IMAGES = "X"
# What SciPy raises for damaged files, beside errors of its own.
UNREADABLE = (OSError, ValueError, TypeError, LookupError, OverflowError, NotImplementedError, zlib.error, EOFError)


def read_svhn_mat(path: Path) -> UInt8[np.ndarray, "N 3 32 32"]:
    """Read the images of a MATLAB file of cropped digits.

    Raises
    ------
    DataFileError
        If the file is damaged or its array is of another shape or dtype.
    """
    from scipy.io import loadmat  # imported here: it is needed for this one set
    from scipy.io.matlab import MatReadError

    try:
        arrays = loadmat(path, variable_names=[IMAGES])
    except (MatReadError, *UNREADABLE) as error:
        raise damaged(path, error) from error
    images = arrays.get(IMAGES)
    if images is None:
        raise damaged(path, f"it holds no array {IMAGES!r}")
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[:3] != (32, 32, 3):
        raise damaged(path, f"expected {IMAGES!r} uint8 [32, 32, 3, N], got {images.dtype} {list(images.shape)}")
    return images.transpose(3, 2, 0, 1)
