"""Size of an image in a lossless file format, in bits for each of its numbers."""

from io import BytesIO

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from analysis.rivals.score import ScoredImages, ScoreUnavailableError

MODES = {1: "L", 3: "RGB"}
BITS_PER_BYTE = 8


def lossless_size(images: ScoredImages, file_format: str, **options: object) -> Float[Tensor, " N"]:
    """Size of every image's file, headers included, in bits per dimension.

    Raises
    ------
    ScoreUnavailableError
        If there are no 8-bit images, or they have neither one nor three channels.
    """
    pixels = images.pixels
    if pixels is None:
        raise ScoreUnavailableError(f"{images.name}: {images.no_pixels}")
    if pixels.ndim != 4 or pixels.shape[1] not in MODES:
        raise ScoreUnavailableError(
            f"{images.name}: {file_format} takes images of 1 or 3 channels, got shape {list(pixels.shape[1:])}"
        )
    mode, dim = MODES[pixels.shape[1]], pixels[0].numel()
    arrays = pixels.movedim(1, -1).contiguous().cpu().numpy()
    sizes = [_bytes_of(Image.fromarray(a[..., 0] if mode == "L" else a), file_format, options) for a in arrays]
    return torch.tensor(sizes, dtype=torch.float64) * BITS_PER_BYTE / dim


def _bytes_of(image: Image.Image, file_format: str, options: dict[str, object]) -> int:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.tell()
