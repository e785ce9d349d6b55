"""Samples as people have them (arrays, loaders of batches with labels) brought to tensors of events."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from curvature.errors import DtypeError, PixelRangeError, ShapeError
from curvature.preconditions import float_tensor, require_shape

ARRAYS = Tensor, np.ndarray
UNIT_RANGE = 1.0
BYTE_RANGE = (64.0, 256.0)
"""Least largest value of images on the scale [0, 256) that are not all but black, and the end of that scale."""


def batches(samples: Any, name: str = "samples") -> Iterator[Any]:
    """Iterate over batches ``[B, *event]``: one array is one batch, and of a tuple or list the first element counts.

    Raises
    ------
    DtypeError
        If it is neither an array nor an iterable of batches.
    ShapeError
        If an iterable yields events instead of batches.
    """
    if isinstance(samples, ARRAYS):
        yield samples
        return
    if isinstance(samples, Dataset) and not isinstance(samples, IterableDataset):
        raise DtypeError(
            f"{name}: {type(samples).__name__} yields single events; pass torch.utils.data.DataLoader(dataset, "
            "batch_size=256)"
        )
    if not isinstance(samples, Iterable) or isinstance(samples, str | bytes | Mapping):
        raise DtypeError(
            f"{name}: expected an array [N, *event] or an iterable of them, such as a DataLoader; "
            f"got {type(samples).__name__}"
        )
    for batch in samples:
        yield _events_of(batch, name)


def gathered(samples: Any, name: str) -> Float[Tensor, " N *event"]:
    """Return all samples as one tensor, in the precision and on the device of the first batch.

    Raises
    ------
    DtypeError, ShapeError
        If they are not floats of one event shape.
    """
    parts = [float_tensor(batch, name) for batch in batches(samples, name)]
    if not parts:
        raise ShapeError(f"{name}: expected samples, got an empty {type(samples).__name__}")
    for part in parts:
        require_shape(part.shape[1:], parts[0].shape[1:], f"{name}: event shape of a batch against the first batch")
    return parts[0] if len(parts) == 1 else torch.cat([part.to(parts[0]) for part in parts])


def require_one_scale(q: Tensor, p: Tensor) -> None:
    """Raise if one set lies in [0, 1] and the other in [0, 256), as images do on two different scales.

    Raises
    ------
    PixelRangeError
        Naming both ranges, and what to divide.
    """
    ranges = {name: (float(x.min()), float(x.max())) for name, x in (("q", q), ("p", p))}
    for name, other in (("q", "p"), ("p", "q")):
        (low, high), (other_low, other_high) = ranges[name], ranges[other]
        is_unit = other_low >= 0 and 0 < other_high <= UNIT_RANGE
        is_byte = low >= 0 and BYTE_RANGE[0] <= high <= BYTE_RANGE[1]
        if is_unit and is_byte:
            raise PixelRangeError(
                f"{name} ranges over [{low:.4g}, {high:.4g}] and {other} over [{other_low:.4g}, {other_high:.4g}]: not "
                f"one scale; write {name} / 256, if the model takes pixels in [0, 1]"
            )


def _events_of(batch: Any, name: str) -> Any:
    """Take the events of one element of an iterable: itself, or the first of (events, labels)."""
    if isinstance(batch, list | tuple) and batch and isinstance(batch[0], ARRAYS):
        batch = batch[0]
    if isinstance(batch, Mapping):
        keys = ", ".join(map(repr, batch))
        raise DtypeError(f"{name}: got batches that are dictionaries with {keys}; pass (b[KEY] for b in loader)")
    if not isinstance(batch, ARRAYS):
        raise DtypeError(f"{name}: expected batches that are arrays [B, *event], got {type(batch).__name__}")
    if batch.ndim < 2:
        raise ShapeError(
            f"{name}: an iterable must yield batches [B, *event], got an array of shape {tuple(batch.shape)}; "
            "stack single events: numpy.stack(samples), or torch.stack(samples)"
        )
    return batch
