"""Samples of input sets, by their names: images are read or generated, transformed, fitted and dequantised."""

from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.event_setting import EventSetting
from analysis.inputs import (
    InputSet,
    apply_event_transforms,
    apply_transform,
    event_sets,
    fit_event_shape,
    generate,
    make_events,
    parse_input_set,
)
from analysis.representation import UNIFORM, Representation
from curvature.errors import ConfigError, TooFewSamplesError
from experiments.data.catalog import load_image_set, require_known_split
from experiments.data.image_set import ImageSet
from experiments.study.memory_needs import require_memory_for_inputs

BATCH_SIZE = 10_000


def read_input_names(names: Iterable[str]) -> tuple[InputSet, ...]:
    """Read and check the names of input sets, before any work begins.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If a name cannot be read, or there is no such data set or split.
    """
    parsed = tuple(map(parse_input_set, names))
    for inputs in parsed:
        if not inputs.is_generated:
            require_known_split(inputs.set_name, inputs.split)
    return parsed


def require_inputs(names: Iterable[str]) -> tuple[InputSet, ...]:
    """Read and check the names of input sets, of which there must be one at least.

    Raises
    ------
    UnknownNameError, PixelRangeError
        As `read_input_names`.
    ConfigError
        If there are none.
    """
    inputs = read_input_names(names)
    if not inputs:
        raise ConfigError("expected at least one input set, such as svhn or constant=128; got none")
    return inputs


def load_samples(
    counts: Mapping[InputSet, int],
    image_shape: tuple[int, int, int],
    seed: int,
    representation: Representation = UNIFORM,
    setting: EventSetting | None = None,
) -> dict[str, Float[Tensor, " count *event"]]:
    """Load events by the input sets' names, in the order given: those of the training images first.

    Parameters
    ----------
    counts
        How many images of each input set.
    image_shape, seed, representation, setting
        As for `load_inputs`, which also says what is raised; embedded images are as high as the model takes them.

    Raises
    ------
    ConfigError
        If more generated images are asked for than fit into the memory.
    """
    require_memory_for_inputs(counts, image_shape)
    return {
        str(name): load_inputs(name, n, image_shape, seed, image_shape[1], representation, setting)
        for name, n in counts.items()
    }


def training_mean(
    train_images: ImageSet, seed: int, representation: Representation = UNIFORM
) -> Float[Tensor, "*event"]:
    """Mean of the events of the training images, all of them."""
    # The mean alone: a covariance of sixty thousand images takes minutes, and nothing here needs it. In batches: a
    # million images as floats would not fit into memory.
    generator = noise_generator(seed)
    batches = train_images.images.split(BATCH_SIZE)
    first, *others = (representation(x, generator).sum(0, dtype=torch.float64) for x in batches)
    return sum(others, first) / len(train_images)


def load_inputs(
    inputs: InputSet,
    n_images: int,
    image_shape: tuple[int, int, int],
    seed: int,
    patch_size: int = 8,
    representation: Representation = UNIFORM,
    setting: EventSetting | None = None,
) -> Float[Tensor, " count *event"]:
    """Events of an input set, in float64: dequantised images on the scale [0, 1], or what else a model takes.

    The first images of a set are taken: sets come in a fixed random order. The dequantisation noise depends only on the
    seed and the number of images. So all transforms of the same images get the same noise, and the differences between
    them are paired.

    Parameters
    ----------
    n_images
        How many images; data sets that hold fewer give all they have.
    image_shape
        Channels, height and width that the model takes.
    seed
        Of the dequantisation noise and of generated noise images.
    patch_size
        Size of the embedded images.
    representation
        How images become events.
    setting
        The model, for sets that it makes and transforms that use it.

    Raises
    ------
    UnknownNameError
        If the catalog has no such set or split.
    ShapeError
        If the images cannot be made to fit the model.
    TooFewSamplesError
        If fewer than two images are asked for.
    ConfigError
        If more generated images are asked for than fit into the memory.
    OptionError
        If there is no model where one is needed, or it lacks what is needed.
    """
    require_memory_for_inputs({inputs: n_images}, image_shape)
    if n_images < 2:
        raise TooFewSamplesError(f"{inputs}: a standard error needs at least 2 images, {n_images} asked for")
    if inputs.set_name in event_sets():
        return make_events(inputs, n_images, setting, torch.Generator().manual_seed(seed)).double()
    if inputs.is_generated:
        images = generate(inputs, n_images, image_shape, torch.Generator().manual_seed(seed))
    else:
        images = load_image_set(inputs.set_name, inputs.split, patch_size, representation).head(n_images)
        images = fit_event_shape(apply_transform(inputs, images), image_shape, str(inputs))
    events = representation(images, noise_generator(seed), torch.float64)
    return apply_event_transforms(inputs, events, setting)


def pixel_checksums(
    inputs: Iterable[InputSet], patch_size: int = 8, representation: Representation = UNIFORM
) -> dict[str, str]:
    """SHA-256 of the images of every split that input sets are made from, by its label; generated ones have none.

    Results of the same names on other images (another data root, say) can be told apart by them.

    Raises
    ------
    UnknownNameError, DataNotFoundError, DataFileError
        As `experiments.data.catalog.load_image_set`.
    """
    splits = dict.fromkeys((each.set_name, each.split) for each in inputs if not each.is_generated)
    sets = (load_image_set(name, split, patch_size, representation) for name, split in splits)
    return {images.label: images.checksum for images in sets}


def event_dim(train_images: ImageSet, representation: Representation) -> int:
    """Number of entries of an event: pixels of an image, or features."""
    return representation(train_images.head(1), noise_generator(0))[0].numel()


def noise_generator(seed: int) -> torch.Generator:
    """Source of the dequantisation noise of a comparison; apart from the one that draws noise images."""
    return torch.Generator().manual_seed(seed + 1)
