"""One's own arrays: ``FILE.npy``, ``FILE.npz`` or ``FILE.npz:KEY`` with floats, or with 8-bit pixels to dequantise.

Events come first: ``[N, *event]``, images as ``[N, C, H, W]``. Nothing pickled is read.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from analysis.dequantization import dequantize
from curvature.errors import DtypeError, NonFiniteError, ShapeError
from curvature.names import require_known
from experiments.data.errors import DataFileError, DataNotFoundError
from experiments.data.npz_layout import UNREADABLE

CHANNELS = (1, 3, 4)


def is_own_array(name: str) -> bool:
    """Whether a name is that of a file of arrays, and not of a data set."""
    return _split(name)[0].suffix in {".npy", ".npz"}


def read_own_array(name: str) -> Shaped[np.ndarray, " N *event"]:
    """Read an array of events: floats, or uint8 pixels.

    Parameters
    ----------
    name
        ``FILE.npy``, ``FILE.npz`` if it holds one array, or ``FILE.npz:KEY``.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataFileError
        If it is no file of arrays, or holds several and no key says which.
    UnknownNameError
        If it holds no array of that key.
    DtypeError, ShapeError, NonFiniteError
        If the array holds other numbers than floats and uint8 pixels, no events, NaN, or images with the channels last.
    """
    path, key = _split(name)
    if path.suffix not in {".npy", ".npz"}:
        raise DataFileError(f"{name}: expected FILE.npy, FILE.npz or FILE.npz:KEY")
    if not path.is_file():
        raise DataNotFoundError(f"{path}: there is no such file")
    with path.open("rb") as content:
        loaded = _readable(path, lambda: np.load(content, allow_pickle=False))
        if isinstance(loaded, np.ndarray):
            return _required(loaded, name)
        chosen = _chosen(path, key, loaded.files)
        return _required(_readable(path, lambda: loaded[chosen]), name)


def read_own_events(name: str, seed: int = 0) -> Float[Tensor, " N *event"]:
    """Read events as floats: floats as they are, uint8 pixels dequantised, ``x = (x8 + u) / 256``.

    Parameters
    ----------
    name
        As for `read_own_array`.
    seed
        Of the dequantisation.

    Raises
    ------
    ToolkitError
        As `read_own_array` does.
    """
    array = torch.from_numpy(np.ascontiguousarray(read_own_array(name)))
    return dequantize(array, torch.Generator().manual_seed(seed)) if array.dtype == torch.uint8 else array


def _split(name: str) -> tuple[Path, str | None]:
    """The file and the key of ``FILE.npz:KEY``."""
    file, separator, key = name.rpartition(":")
    return (Path(file), key) if separator and file.endswith(".npz") else (Path(name), None)


def _readable(path: Path, read: Callable[[], Any]) -> Any:
    """What was read, or one error for all that NumPy raises."""
    try:
        return read()
    except UNREADABLE as error:
        raise DataFileError(f"{path}: cannot be read as NumPy arrays without pickled objects ({error})") from error


def _chosen(path: Path, key: str | None, names: list[str]) -> str:
    """The array that is meant."""
    if key is not None:
        require_known(f"array of {path}", key, names)
        return key
    if len(names) != 1:
        shown = ", ".join(names) or "none"
        raise DataFileError(f"{path}: holds the arrays {shown}; say which: {path}:{names[0] if names else 'KEY'}")
    return names[0]


def _required(array: np.ndarray, name: str) -> np.ndarray:
    """The array if it holds events that a model can take."""
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise DtypeError(f"{name}: expected floats or 8-bit pixels (uint8), got {array.dtype}; convert with astype")
    if array.ndim < 2 or 0 in array.shape:
        raise ShapeError(f"{name}: expected events [N, *event], images as [N, C, H, W], got shape {list(array.shape)}")
    if array.ndim == 4 and array.shape[3] in CHANNELS and array.shape[1] not in CHANNELS:
        raise ShapeError(
            f"{name}: shape {list(array.shape)} has the channels last; save array.transpose(0, 3, 1, 2) instead"
        )
    if array.dtype == np.uint8:
        return array
    bad = array.size - int(np.isfinite(array).sum())
    if bad:
        raise NonFiniteError(f"{name}: {bad} of {array.size} values are NaN or infinite")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)
