"""Data sets read from files: found in the data root or the cache, checked, and put into the fixed order."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from experiments.data.data_set import DataSetDescription
from experiments.data.decoded import decoded_once
from experiments.data.errors import DataFileError, DataNotFoundError
from experiments.data.image_set import ImageSet, shuffled_order
from experiments.data.location import set_directories
from experiments.data.npz_layout import SOURCE_PHOTOGRAPH, array_names, read_array, read_shards, shards
from experiments.data.photograph_split import NOTE, in_training_set
from experiments.data.registry import DATA_SETS, DESCRIPTIONS, SOURCES

Images = UInt8[np.ndarray, "N C H W"]


@dataclass(frozen=True)
class StoredSplit:
    """A split where it was found.

    Attributes
    ----------
    name, split
        Of the set.
    place, directory
        `data root` or `cache`, and the set's directory there.
    files
        Its files by name: shards of the npz layout, or official files.
    is_npz
        Whether they are of the npz layout.
    by_photograph
        Whether the split is a choice of photographs from the official test images.
    """

    name: str
    split: str
    place: str
    directory: Path
    files: dict[str, Path]
    is_npz: bool
    by_photograph: bool = False

    @property
    def source(self) -> str:
        """The files, and how the split was made where it is not the official one."""
        names = ", ".join(f"{self.name}/{file}" for file in self.files)
        return f"{names}; {NOTE}" if self.by_photograph else names

    @property
    def preprocessing(self) -> str:
        """What was done to the official images, as far as it is known: those of the npz layout come ready-made."""
        official = DESCRIPTIONS[self.name].preprocessing
        if not official or not self.is_npz:
            return official
        return f"by whoever made the npz files; done here to official files: {official}"

    def read(self) -> Images:
        """The images in the order of the files; those of many small pictures from the cache of decoded ones.

        Raises
        ------
        DataFileError
            If a file is damaged or its images are not of the set's shape.
        """
        if not self.is_npz and DATA_SETS[self.name].is_decoded_once:
            return decoded_once(self.name, self.split, self.files, self.read_files)
        return self.read_files()

    def read_files(self) -> Images:
        """The images from the files themselves.

        Raises
        ------
        DataFileError
            As `read`.
        """
        event_shape = DESCRIPTIONS[self.name].event_shape
        assert event_shape is not None
        if self.is_npz:
            images = read_shards(list(self.files.values()), event_shape)
            return images[self.chosen(len(images))] if self.by_photograph else images
        read = DATA_SETS[self.name].read
        assert read is not None
        images = read(self.files, self.split)
        if images.shape[1:] != event_shape or len(images) == 0:
            raise DataFileError(
                f"{', '.join(map(str, self.files.values()))}: expected images of shape {list(event_shape)}, got "
                f"{list(images.shape[1:])} ({len(images)} images); fetch or copy the official files of {self.name} anew"
            )
        return images

    def chosen(self, count: int) -> np.ndarray:
        """Which of the `count` images in the files belong to this split by photograph.

        Raises
        ------
        DataFileError
            If there is not one photograph number for each image.
        """
        numbers = np.concatenate([read_array(path, SOURCE_PHOTOGRAPH) for path in self.files.values()])
        if len(numbers) != count:
            raise DataFileError(f"{self.directory}: {count} images, but {len(numbers)} photograph numbers")
        return in_training_set(numbers) == (self.split == "train")


def find_split(name: str, split: str) -> StoredSplit | None:
    """The first place that has the split; None where none has.

    Held-out images are those held out from the training images that are read: in another place, or beside official
    training images, they may be among them.
    """
    if split == "heldout":
        train = find_split(name, "train")
        return _find_in(train.directory, train.place, DESCRIPTIONS[name], split) if train and train.is_npz else None
    for place, directory in set_directories(name).items():
        found = _find_in(directory, place, DESCRIPTIONS[name], split)
        if found is not None:
            return found
    return None


def load_stored_set(name: str, split: str) -> ImageSet:
    """Images of a split in the fixed random order, from the first place that has it.

    Raises
    ------
    DataNotFoundError
        If no place has the split; it names the places and the command that fetches the set.
    DataFileError
        If a file is damaged or its images are not of the set's shape.
    """
    found, description = find_split(name, split), DESCRIPTIONS[name]
    if found is None:
        raise not_found(name, split)
    images = found.read()
    return ImageSet(
        name=name,
        split=split,
        images=torch.from_numpy(images.take(shuffled_order(len(images)).numpy(), axis=0)),
        source=found.source,
        licence=description.licence,
        citation=description.citation,
        preprocessing=found.preprocessing,
    )


def not_found(name: str, split: str) -> DataNotFoundError:
    """Word what is missing, where it was looked for, and the command that fetches it."""
    places = ", ".join(f"{directory} ({place})" for place, directory in set_directories(name).items())
    remedy = f"To download it: likelihood-curvature data fetch {name}"
    if split not in SOURCES[name].splits:
        remedy = "The official files have no such split; it exists in the npz layout only (docs/data.md)"
    return DataNotFoundError(
        f"{name}/{split}: no images found; looked in {places}. {remedy}; if you have it already, give the directory "
        f"that holds {name}/ with --data-root or LIKELIHOOD_CURVATURE_DATA"
    )


def _find_in(directory: Path, place: str, description: DataSetDescription, split: str) -> StoredSplit | None:
    """The split in this directory: in the npz layout, by photograph, or in official files."""
    name, source = description.name, SOURCES[description.name]
    paths = _shards(name, directory, split)
    official = source.find(directory, split)
    if (
        DATA_SETS[name].by_photograph
        and not _shards(name, directory, "train")
        and source.find(directory, "train") is None
    ):
        paths = _shards(name, directory, "test")
        if paths and _have_photographs(paths):
            return StoredSplit(name, split, place, directory, _by_name(paths), is_npz=True, by_photograph=True)
        paths = paths if split == "test" else []
    if paths:
        return StoredSplit(name, split, place, directory, _by_name(paths), is_npz=True)
    if official is not None:
        return StoredSplit(name, split, place, directory, official, is_npz=False)
    return None


def _have_photographs(paths: list[Path]) -> bool:
    """Whether all files have numbers of photographs; damaged files count as if they had, and fail when read."""
    try:
        return all(SOURCE_PHOTOGRAPH in array_names(path) for path in paths)
    except DataFileError:
        return True


def _shards(name: str, directory: Path, split: str) -> list[Path]:
    return shards(directory, split, SOURCES[name].native_npz)


def _by_name(paths: list[Path]) -> dict[str, Path]:
    return {path.name: path for path in paths}
