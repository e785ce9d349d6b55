"""Checks at the boundary: arrays become finite float tensors of one shape, or the user reads which is wrong and why."""

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import DtypeError, NonFiniteError, ShapeError, UnknownNameError


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
            "dequantise integer pixels first: x = (x8 + u) / 256"
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
        raise ShapeError(f"{name}: expected shape {expected}, got {got}")


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Build the error for a name that does not exist, with the nearest one that does."""
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UnknownNameError(f"{kind} {name!r} does not exist: {hint}known: {', '.join(known)}")
