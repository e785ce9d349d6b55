"""An image set: 8-bit pixels with their origin, licence and checksum."""

import hashlib
from dataclasses import dataclass, field

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from analysis.dequantization import require_pixels
from curvature.errors import ShapeError


@dataclass(frozen=True)
class ImageSet:
    """One split of a data set.

    Attributes
    ----------
    name, split
        Name in the catalog, and `train` or `test`; for one's own arrays their file, and nothing.
    images
        8-bit pixels, channels first.
    source, licence, citation
        Where the images come from and under which terms.
    preprocessing
        What was done to the official images; empty where they are taken as they are.
    """

    name: str
    split: str
    images: UInt8[Tensor, "count channels height width"] = field(repr=False)
    source: str
    licence: str
    citation: str
    preprocessing: str = ""

    def __post_init__(self) -> None:
        require_pixels(self.images, self.label)
        if self.images.ndim != 4 or len(self.images) == 0:
            raise ShapeError(
                f"{self.label}: expected images [count, channels, height, width] with count > 0, "
                f"got shape {list(self.images.shape)}"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def label(self) -> str:
        """The name by which inputs are asked for, such as `china/test`."""
        return f"{self.name}/{self.split}" if self.split else self.name

    @property
    def event_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @property
    def checksum(self) -> str:
        """SHA-256 of the shape and the pixels, so that a run record can name the exact images it used."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        digest.update(self.images.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def head(self, count: int) -> Tensor:
        """The first `count` images (all of them where there are fewer); sets come in a shuffled, fixed order."""
        return self.images[:count]


def shuffled(images: Tensor, seed: int = 0) -> Tensor:
    """The images in a fixed random order, so that the first n of a set are a random sample of it."""
    return images[shuffled_order(len(images), seed)]


def shuffled_order(count: int, seed: int = 0) -> Int64[Tensor, " count"]:
    """The fixed random order of a set: it depends on the number of images and the seed alone."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))
