"""Checks of arguments; every error names the array and says what was expected and what came."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import DtypeError, NonFiniteError, ShapeError, TooFewSamplesError

CHANNELS = (1, 3, 4)
"""Numbers of channels that images have."""


def float_tensor(array: Any, name: str) -> Float[Tensor, "..."]:
    """View a NumPy array or tensor of real floats as a detached tensor, dtype and device kept.

    Raises
    ------
    DtypeError
        If it is no array, or holds integers, booleans or complex numbers.
    """
    if isinstance(array, np.ndarray | np.generic):
        # torch would share memory and warn about arrays that are read-only or have negative strides.
        array = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    if not isinstance(array, Tensor):
        raise DtypeError(f"{name}: expected a NumPy array or a torch tensor of floats, got {type(array).__name__}")
    if not array.is_floating_point():
        raise DtypeError(
            f"{name}: expected floats, got {str(array.dtype).removeprefix('torch.')}; "
            "dequantise integer pixels first: x = (x8 + torch.rand(x8.shape, dtype=torch.float64)) / 256"
        )
    return array.detach()


def require_finite(values: Tensor, name: str) -> Tensor:
    """Return the tensor unless it holds a NaN or an infinity.

    Raises
    ------
    NonFiniteError
        Naming the quantity and how many of its entries are not finite.
    """
    bad = values.numel() - int(torch.isfinite(values).sum())
    if bad:
        raise NonFiniteError(
            f"{name}: {bad} of {values.numel()} values are NaN or infinite; check the input and the model's parameters"
        )
    return values


def require_shape(got: Iterable[int], expected: Iterable[int], name: str) -> None:
    """Raise unless both shapes are equal.

    Raises
    ------
    ShapeError
        Naming the array and both shapes.
    """
    got, expected = tuple(got), tuple(expected)
    if got != expected:
        advice = channels_last_advice(got) if sorted(got) == sorted(expected) else ""
        raise ShapeError(f"{name}: expected shape {expected}, got {got}{advice}")


def channels_last_advice(event_shape: Iterable[int]) -> str:
    """What to write for images whose channels come last; empty for events that do not look so."""
    shape = tuple(event_shape)
    looks_so = len(shape) == 3 and shape[2] in CHANNELS and min(shape[:2]) > shape[2]
    return "; images with channels last? Write x.permute(0, 3, 1, 2)" if looks_so else ""


def require_image(shape: Iterable[int], name: str) -> tuple[int, int, int]:
    """Return channels, height and width of an event if it is an image.

    Raises
    ------
    ShapeError
        If the shape has not three axes.
    """
    shape = tuple(shape)
    if len(shape) != 3:
        raise ShapeError(f"{name}: expected images [C, H, W], got events of shape {shape}")
    C, H, W = shape
    return C, H, W


def require_several(x: Tensor, name: str) -> Tensor:
    """Return a batch of samples if it holds at least two, which a standard error needs.

    Raises
    ------
    TooFewSamplesError
        If not.
    """
    n = len(x) if x.ndim else 0
    if n < 2:
        raise TooFewSamplesError(f"{name}: expected at least 2 samples for a standard error, got {n}")
    return x
