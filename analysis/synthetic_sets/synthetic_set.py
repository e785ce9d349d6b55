"""What a synthetic input set is: its name, how its value is read, and how its 8-bit images are made."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from analysis.transforms.transform import Images, Value


@dataclass(frozen=True)
class SyntheticSet:
    """One kind of images that are computed, made by one file of `analysis.synthetic_sets`.

    Attributes
    ----------
    name
        As in the name of an input set, before the equals sign.
    placeholder
        How the help writes the value, such as ``VALUE``.
    read
        Turns the text of the value into the value; raises `UnknownNameError` or `PixelRangeError` where it cannot.
    make
        The images, given the value, their shape ``(count, channels, height, width)`` and the source of randomness.
    """

    name: str
    placeholder: str
    read: Callable[[str], Value]
    make: Callable[[Value, tuple[int, ...], torch.Generator], Images]
