"""What a transform of an input set is: its name, how its value is read, and what it does to 8-bit images."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import LEVELS, require_pixels
from curvature.errors import PixelRangeError, UnknownNameError
from curvature.moments import Moments

Images = UInt8[Tensor, "count channels height width"]

Pixels = Float[Tensor, "count channels height width"]
"""Pixel values as float64, on the scale 0 to 255."""

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
    moments
        The moments of the new pixel values, given those of the old ones and the value: exact but for the rounding and
        clipping of `to_pixels`. None for a transform whose effect on the moments is not known.
    """

    name: str
    apply: Callable[[Images, Value], Images]
    read: Callable[[str], Value] = no_value
    placeholder: str = ""
    moments: Callable[[Moments, Value], Moments] | None = None


def affine_transform(
    name: str,
    function: Callable[[Pixels, Value], Pixels],
    read: Callable[[str], Value] = no_value,
    placeholder: str = "",
) -> Transform:
    """Make a transform of an affine map of pixel values, which says what becomes of the moments, too (eq. 14)."""

    def apply(images: Images, value: Value = None) -> Images:
        require_pixels(images)
        return to_pixels(function(images.double(), value))

    def moments(before: Moments, value: Value = None) -> Moments:
        return before.map_linear(lambda x: function(x, value))

    return Transform(name, apply, read, placeholder, moments)


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


def read_factor(text: str) -> float:
    """Read a factor lambda, which is not negative.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If it is no number, or a negative one.
    """
    factor = read_number(text)
    if factor < 0:
        raise PixelRangeError("the factor must not be negative")
    return factor


def to_pixels(values: Float[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Round to whole pixel values and clip to 0..255."""
    return values.round().clamp(0, LEVELS - 1).to(torch.uint8)
