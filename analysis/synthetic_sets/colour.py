"""The input set `colour=R,G,B`: every pixel has the same colour."""

import torch

from analysis.dequantization import LEVELS
from analysis.synthetic_sets.synthetic_set import SyntheticSet
from analysis.transforms.transform import Images, Value
from curvature.errors import PixelRangeError, ShapeError, UnknownNameError


def read_colour(text: str) -> str:
    """Read one whole pixel value for each of three channels.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If these are not three whole numbers, or one is none of 0 to 255.
    """
    parts = text.split(",")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise UnknownNameError("a colour is three whole numbers R,G,B")
    levels = [int(part) for part in parts]
    if max(levels) >= LEVELS:
        raise PixelRangeError(f"a colour has pixel values from 0 to {LEVELS - 1}")
    return ",".join(map(str, levels))


def make(value: Value, shape: tuple[int, ...], _: torch.Generator) -> Images:
    """Fill images with the colour.

    Raises
    ------
    ShapeError
        If images have not three channels.
    """
    if shape[1] != 3:
        raise ShapeError(f"colour={value}: images of {shape[1]} channels have no colour; use constant=VALUE")
    levels = torch.tensor([int(part) for part in str(value).split(",")], dtype=torch.uint8)
    return levels[:, None, None].expand(shape).contiguous()


SYNTHETIC_SET = SyntheticSet("colour", "R,G,B", read_colour, make)
