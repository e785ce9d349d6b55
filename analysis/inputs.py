"""Input sets named `SET[/SPLIT][:TRANSFORM[=VALUE]]`: the paper's original, grayed and constant inputs, and noise.

A set may be a file of one's own, `FILE.npy`, `FILE.npz` or `FILE.npz:KEY`; it has no splits.

Every transform maps 8-bit images to 8-bit images, so that what it makes is an image like any other: it is dequantised
afterwards, and its bits per dimension mean the same (docs/theory.md, section "Inputs").
"""

import re
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import LEVELS, require_pixels
from curvature.errors import PixelRangeError, ShapeError, UnknownNameError

GRAY = (LEVELS - 1) / 2
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
GENERATED_SETS = ("constant", "noise")
SYNTAX = "SET[/SPLIT][:contrast=LAMBDA | :luminance], FILE.npz[:KEY], constant=VALUE or noise=uniform"

_NAME = re.compile(r"(?P<set>\w+)(/(?P<split>\w+))?(:(?P<transform>\w+)(=(?P<value>[^=:/]+))?)?")
_FILE = re.compile(
    r"(?P<set>[^:]+\.np[yz](:(?!(contrast|luminance)(=|$))[^:=]+)?)(:(?P<transform>\w+)(=(?P<value>[^=:/]+))?)?"
)
_GENERATED = re.compile(r"(?P<set>constant|noise)=(?P<value>[^=:/]+)")

Images = UInt8[Tensor, "count channels height width"]


@dataclass(frozen=True)
class InputSet:
    """What to evaluate a model on.

    Attributes
    ----------
    set_name
        A data set's name, a file of arrays, `constant` or `noise`.
    split
        The data set's split; empty for files and generated inputs.
    transform, value
        `contrast` with its factor, `luminance`, or empty; for `constant` the pixel value.
    """

    set_name: str
    split: str = ""
    transform: Literal["", "contrast", "luminance"] = ""
    value: float | None = None

    @property
    def is_generated(self) -> bool:
        """Whether the images are made here rather than read from a data set."""
        return self.set_name in GENERATED_SETS

    def __str__(self) -> str:
        if self.set_name == "noise":
            return "noise=uniform"
        if self.set_name == "constant":
            return f"constant={self.value:g}"
        transform = f":{self.transform}" if self.transform else ""
        value = "" if self.value is None else f"={self.value:g}"
        split = f"/{self.split}" if self.split else ""
        return f"{self.set_name}{split}{transform}{value}"


def parse_input_set(name: str, default_split: str = "test") -> InputSet:
    """Read a name such as `svhn`, `cifar10/test`, `cifar10:contrast=0.5`, `constant=128` or `noise=uniform`.

    Raises
    ------
    UnknownNameError
        If the name does not have that form or names no known transform.
    PixelRangeError
        If a constant lies outside 0..255 or a contrast is negative.
    """
    if generated := _GENERATED.fullmatch(name):
        return _parse_generated(name, generated["set"], generated["value"])
    file = _FILE.fullmatch(name)
    match = file or _NAME.fullmatch(name)
    if match is None or match["set"] in GENERATED_SETS:
        raise UnknownNameError(f"input set '{name}': expected {SYNTAX}")
    split = "" if file else match["split"] or default_split
    match match["transform"], match["value"]:
        case None, None:
            return InputSet(match["set"], split)
        case "luminance", None:
            return InputSet(match["set"], split, "luminance")
        case "contrast", str(value):
            factor = _number(name, value)
            if factor < 0:
                raise PixelRangeError(f"input set '{name}': the contrast must not be negative")
            return InputSet(match["set"], split, "contrast", factor)
    raise UnknownNameError(f"input set '{name}': unknown transform, expected {SYNTAX}")


def _parse_generated(name: str, set_name: str, value: str) -> InputSet:
    if set_name == "noise":
        if value != "uniform":
            raise UnknownNameError(f"input set '{name}': the only noise is noise=uniform")
        return InputSet("noise")
    level = _number(name, value)
    if not (0 <= level < LEVELS and level == int(level)):
        raise PixelRangeError(f"input set '{name}': a constant is a whole pixel value from 0 to {LEVELS - 1}")
    return InputSet("constant", value=level)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UnknownNameError(f"input set '{name}': '{text}' is not a number; expected {SYNTAX}") from None


def generate(inputs: InputSet, count: int, event_shape: tuple[int, int, int], generator: torch.Generator) -> Images:
    """Constant images, or images whose pixels are drawn uniformly and independently from 0..255."""
    if inputs.set_name == "constant":
        return torch.full((count, *event_shape), int(inputs.value or 0), dtype=torch.uint8)
    return torch.randint(LEVELS, (count, *event_shape), generator=generator, dtype=torch.uint8)


def apply_transform(inputs: InputSet, images: Images) -> Images:
    """The input set's transform of the images (the images themselves where it names none)."""
    match inputs.transform:
        case "contrast":
            return contrast(images, 1.0 if inputs.value is None else inputs.value)
        case "luminance":
            return luminance(images)
    return images


def contrast(images: Images, factor: float, towards: float = GRAY) -> Images:
    """Shrink pixels towards a gray value: ``m + lambda (x - m)``, rounded to whole pixel values and clipped to 0..255.

    Parameters
    ----------
    factor
        ``lambda``: 1 leaves the images as they are, 0 makes them constant, above 1 raises the contrast.
    towards
        ``m``, on the scale 0..255.
    """
    require_pixels(images)
    return _to_pixels(towards + factor * (images.double() - towards))


def luminance(images: Images) -> Images:
    """Remove colour: the ITU-R BT.601 luminance in every channel. Images of one channel stay as they are."""
    require_pixels(images)
    if images.shape[1] == 1:
        return images
    if images.shape[1] != 3:
        raise ShapeError(f"luminance: expected 1 or 3 channels, got {images.shape[1]}")
    weights = torch.tensor(LUMINANCE, dtype=torch.float64)
    gray = torch.einsum("c,nchw->nhw", weights, images.double())
    return _to_pixels(gray)[:, None].expand(images.shape).contiguous()


def fit_event_shape(images: Images, event_shape: tuple[int, int, int], name: str = "images") -> Images:
    """Make images fit a model: gray becomes RGB by repetition, and smaller images get a black border.

    Raises
    ------
    ShapeError
        If the images are larger than the model's input or have other channels.
    """
    require_pixels(images, name)
    channels, height, width = event_shape
    if images.shape[1] == 1 and channels > 1:
        images = images.expand(-1, channels, -1, -1)
    rows, columns = height - images.shape[2], width - images.shape[3]
    if images.shape[1] != channels or rows < 0 or columns < 0:
        raise ShapeError(
            f"{name}: images of shape {list(images.shape[1:])} do not fit a model of {list(event_shape)}; "
            "only gray to colour and smaller to larger can be made to fit"
        )
    border = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return torch.nn.functional.pad(images, border).contiguous()


def _to_pixels(values: Float[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    return values.round().clamp(0, LEVELS - 1).to(torch.uint8)
