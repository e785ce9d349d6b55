"""Data sets read from files: found in the data root or the cache, checked, and put into the fixed order."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from experiments.data.descriptions import DESCRIPTIONS, DataSetDescription
from experiments.data.errors import DataFileError, DataNotFoundError
from experiments.data.image_set import ImageSet, shuffled
from experiments.data.location import set_directories
from experiments.data.npz_layout import read_photograph_numbers, read_shards, shards
from experiments.data.photograph_split import NOTE, in_training_set

SPLIT_BY_PHOTOGRAPH = ("svhn",)


def load_stored_set(name: str, split: str) -> ImageSet:
    """Images of a split, from the first place that has it.

    Raises
    ------
    DataNotFoundError
        If no place has the split; it names the places and the command that fetches the set.
    DataFileError
        If a file is damaged or its images are not of the set's shape.
    """
    description = DESCRIPTIONS[name]
    for directory in set_directories(name).values():
        found = _read_from(directory, description, split)
        if found is not None:
            images, source = found
            return ImageSet(
                name=name,
                split=split,
                images=shuffled(torch.from_numpy(np.ascontiguousarray(images))),
                source=source,
                licence=description.licence,
                citation=description.citation,
            )
    raise not_found(name, split)


def not_found(name: str, split: str) -> DataNotFoundError:
    """Word what is missing, where it was looked for, and the command that fetches it."""
    places = ", ".join(f"{directory} ({place})" for place, directory in set_directories(name).items())
    return DataNotFoundError(
        f"{name}/{split}: no images found; looked in {places}. To download it: likelihood-curvature data fetch {name}; "
        "if you have it already, give the directory above it with --data-root or LIKELIHOOD_CURVATURE_DATA"
    )


def _read_from(
    directory: Path, description: DataSetDescription, split: str
) -> tuple[UInt8[np.ndarray, "N C H W"], str] | None:
    """Images of the split in this directory and what they were read from; None where it has none."""
    event_shape = description.event_shape
    assert event_shape is not None
    paths = shards(directory, split)
    if description.name in SPLIT_BY_PHOTOGRAPH and not shards(directory, "train"):
        paths = shards(directory, "test")
        numbers = read_photograph_numbers(paths) if paths else None
        if numbers is not None:
            images = read_shards(paths, event_shape)
            if len(numbers) != len(images):
                raise DataFileError(f"{directory}: {len(images)} images, but {len(numbers)} photograph numbers")
            chosen = in_training_set(numbers) == (split == "train")
            return images[chosen], f"{_names(description.name, paths)}; {NOTE}"
        paths = paths if split == "test" else []
    return (read_shards(paths, event_shape), _names(description.name, paths)) if paths else None


def _names(name: str, paths: list[Path]) -> str:
    return ", ".join(f"{name}/{path.name}" for path in paths)
