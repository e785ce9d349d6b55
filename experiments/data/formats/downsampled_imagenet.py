"""Downsampled ImageNet: npz files whose array `data` is [N, 3072], channels first; ten to train on, one to validate.

Source: P. Chrabaszcz, I. Loshchilov, F. Hutter, arXiv 1707.08819, and https://patrykchrabaszcz.github.io/Imagenet32/.
"""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged
from experiments.data.formats.archives import members
from experiments.data.formats.npz import read_array

DATA = "data"
PIXELS = 3 * 32 * 32


def read_downsampled_imagenet(archive: Path, prefix: str) -> UInt8[np.ndarray, "N 3 32 32"]:
    """Read and join the npz files of an archive (or folder) whose names begin with `prefix`.

    Raises
    ------
    DataFileError
        If the archive or a file is damaged, or an array is of another shape or dtype.
    """

    def is_wanted(name: str) -> bool:
        base = name.rpartition("/")[2]
        return base.startswith(prefix) and base.endswith(".npz")

    parts = {
        _number(name): _parse(io.BytesIO(content), f"{archive}: {name}")
        for name, content in members(archive, is_wanted)
    }
    if not parts:
        raise damaged(archive, f"it holds no {prefix}*.npz")
    return np.concatenate([parts[key] for key in sorted(parts)])


def _number(name: str) -> tuple[int, str]:
    """Batches in the order of their numbers: 2 before 10."""
    digits = name.removesuffix(".npz").rpartition("_")[2]
    return (int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0, name)


def _parse(file: BinaryIO, origin: str) -> UInt8[np.ndarray, "N 3 32 32"]:
    data = read_array(file, DATA, origin)
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != PIXELS:
        raise damaged(origin, f"expected {DATA!r} uint8 [N, {PIXELS}], got {data.dtype} {list(data.shape)}")
    return data.reshape(-1, 3, 32, 32)
