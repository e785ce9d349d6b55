"""The input sets `noise=uniform` and `noise=gaussian`: pixels drawn independently, from 0..255 or around mid-gray."""

import torch

from analysis.dequantization import LEVELS
from analysis.synthetic_sets.synthetic_set import SyntheticSet
from analysis.transforms.transform import Images, Value, to_pixels
from curvature.names import require_known

KINDS = ("uniform", "gaussian")
MEAN, STANDARD_DEVIATION = (LEVELS - 1) / 2, LEVELS / 4


def read_kind(text: str) -> str:
    """Read the kind of noise.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    require_known("noise", text, KINDS)
    return text


def make(kind: Value, shape: tuple[int, ...], generator: torch.Generator) -> Images:
    """Draw uniform pixel values, or normal ones of mean 127.5 and standard deviation 64, rounded and clipped."""
    if kind == "gaussian":
        return to_pixels(MEAN + STANDARD_DEVIATION * torch.randn(shape, generator=generator, dtype=torch.float64))
    return torch.randint(LEVELS, shape, generator=generator, dtype=torch.uint8)


SYNTHETIC_SET = SyntheticSet("noise", "uniform|gaussian", read_kind, make)
