"""What a transform of an input set is: its name, how its value is read, and what it does to 8-bit images."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import LEVELS
from curvature.errors import UnknownNameError

Images = UInt8[Tensor, "count channels height width"]

Value = float | str | None
"""What follows the equals sign in the name of an input set; None where there is no equals sign."""


def no_value(text: str) -> None:
    """Refuse the value of a transform that takes none."""
    raise UnknownNameError(f"expected no value, got '{text}'")


@dataclass(frozen=True)
class Transform:
    """One transform, made by one file of `analysis.transforms`.

    It maps 8-bit images to 8-bit images, so that the result is dequantised like any other image.

    Attributes
    ----------
    name
        As in the name of an input set.
    apply
        The new images, given the images and the value.
    read
        Turns the text of the value into the value; raises `UnknownNameError` or `PixelRangeError` where it cannot.
    placeholder
        How the help writes the value, such as ``LAMBDA``; empty for a transform without one.
    """

    name: str
    apply: Callable[[Images, Value], Images]
    read: Callable[[str], Value] = no_value
    placeholder: str = ""


def read_number(text: str) -> float:
    """Read a value that is a number.

    Raises
    ------
    UnknownNameError
        If it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UnknownNameError(f"'{text}' is not a number")
    return number


def to_pixels(values: Float[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Round to whole pixel values and clip to 0..255."""
    return values.round().clamp(0, LEVELS - 1).to(torch.uint8)
