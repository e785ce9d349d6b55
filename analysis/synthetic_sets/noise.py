"""The input set `noise=uniform`: pixels drawn independently and uniformly from 0..255."""

import torch

from analysis.dequantization import LEVELS
from analysis.synthetic_sets.synthetic_set import SyntheticSet
from analysis.transforms.transform import Images, Value
from curvature.errors import UnknownNameError


def read_kind(text: str) -> str:
    """Read the kind of noise.

    Raises
    ------
    UnknownNameError
        If it is not ``uniform``.
    """
    if text != "uniform":
        raise UnknownNameError("the only noise is noise=uniform")
    return text


def make(_: Value, shape: tuple[int, ...], generator: torch.Generator) -> Images:
    """Draw images."""
    return torch.randint(LEVELS, shape, generator=generator, dtype=torch.uint8)


SYNTHETIC_SET = SyntheticSet("noise", "uniform", read_kind, make)
