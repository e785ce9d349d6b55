"""The input set `constant=VALUE`: every pixel has the same value (docs/theory.md, eq. 15)."""

import torch

from analysis.dequantization import LEVELS
from analysis.synthetic_sets.synthetic_set import SyntheticSet
from analysis.transforms.transform import Images, Value, read_number
from curvature.errors import PixelRangeError


def read_level(text: str) -> float:
    """Read a whole pixel value.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If it is no number, or none of 0 to 255.
    """
    level = read_number(text)
    if not (0 <= level < LEVELS and level == int(level)):
        raise PixelRangeError(f"a constant is a whole pixel value from 0 to {LEVELS - 1}")
    return level


def make(level: Value, shape: tuple[int, ...], _: torch.Generator) -> Images:
    """Fill images with the value."""
    return torch.full(shape, int(level or 0), dtype=torch.uint8)


SYNTHETIC_SET = SyntheticSet("constant", "VALUE", read_level, make)
