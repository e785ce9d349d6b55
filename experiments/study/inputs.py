"""From an input set's name to points of the model's input space: read or generate, transform, fit, dequantise."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.dequantization import dequantize
from analysis.inputs import InputSet, apply_transform, fit_event_shape, generate
from curvature.errors import TooFewSamplesError
from experiments.data.catalog import load_image_set


def load_inputs(
    inputs: InputSet, n_images: int, event_shape: tuple[int, int, int], seed: int, patch_size: int = 8
) -> Float[Tensor, "count channels height width"]:
    """Dequantised images of an input set, in float64 on the scale [0, 1].

    The first images of a set are taken (sets come in a fixed random order). The dequantisation noise depends on the
    seed and the number of images alone: every transform of the same images gets the same draws, so that differences
    between them are paired.

    Parameters
    ----------
    n_images
        How many images; data sets that hold fewer give all they have.
    event_shape
        Channels, height and width that the model takes.
    seed
        Of the dequantisation noise and of generated noise images.
    patch_size
        Size of the embedded images.

    Raises
    ------
    UnknownNameError
        If the catalog has no such set or split.
    ShapeError
        If the images cannot be made to fit the model.
    TooFewSamplesError
        If fewer than two images are asked for.
    """
    if n_images < 2:
        raise TooFewSamplesError(f"{inputs}: a standard error needs at least 2 images, {n_images} asked for")
    if inputs.is_generated:
        images = generate(inputs, n_images, event_shape, torch.Generator().manual_seed(seed))
    else:
        images = load_image_set(inputs.set_name, inputs.split, patch_size).head(n_images)
        images = fit_event_shape(apply_transform(inputs, images), event_shape, str(inputs))
    return dequantize(images, noise_generator(seed), dtype=torch.float64)


def pixel_checksums(inputs: Iterable[InputSet], patch_size: int = 8) -> dict[str, str]:
    """SHA-256 of the images of every split that input sets are made from, by its label; generated ones have none.

    Results of the same names on other images (another data root, say) can be told apart by them.

    Raises
    ------
    UnknownNameError, DataNotFoundError, DataFileError
        As `experiments.data.catalog.load_image_set`.
    """
    splits = dict.fromkeys((each.set_name, each.split) for each in inputs if not each.is_generated)
    sets = (load_image_set(name, split, patch_size) for name, split in splits)
    return {images.label: images.checksum for images in sets}


def noise_generator(seed: int) -> torch.Generator:
    """Source of the dequantisation noise of a comparison; apart from the one that draws noise images."""
    return torch.Generator().manual_seed(seed + 1)
