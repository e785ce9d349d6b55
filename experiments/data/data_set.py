"""What one data set consists of: its description, its official files, and how its images are read. No torch here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

if TYPE_CHECKING:
    from experiments.data.image_set import ImageSet

TRAIN_AND_TEST = ("train", "test")
GRAY, COLOUR = (1, 28, 28), (3, 32, 32)

Images = UInt8[np.ndarray, "N C H W"]
ReadOfficial = Callable[[dict[str, Path], str], Images]
"""Reads the images of a split, in the order of the official files; takes the path of each file by its official name."""
LoadEmbedded = Callable[[str, int], "ImageSet"]
"""Makes the images of a split of an embedded set; takes the split and the patch size."""


@dataclass(frozen=True)
class DataSetDescription:
    """What a data set is, as `likelihood-curvature data list` and docs/data.md show it.

    Attributes
    ----------
    name, title
        Name in the catalog and in full.
    event_shape
        Channels, height and width; None for an embedded set, whose patch size decides.
    splits
        The splits that can be asked for.
    licence, citation, homepage
        The terms as the authors state them, whom to cite, and where the set comes from.
    preprocessing
        What is done to the official images; empty where they are taken as they are.
    any_size
        Whether images of every size can be made: patches of a photograph.
    """

    name: str
    title: str
    event_shape: tuple[int, int, int] | None
    licence: str
    citation: str
    homepage: str
    splits: tuple[str, ...] = TRAIN_AND_TEST
    preprocessing: str = ""
    any_size: bool = False

    @property
    def is_embedded(self) -> bool:
        """Whether the images ship with a dependency, so that there is nothing to fetch."""
        return self.event_shape is None


@dataclass(frozen=True)
class OfficialFile:
    """A file as its authors publish it.

    Attributes
    ----------
    name
        Its name in the data root or the cache.
    urls
        Addresses, tried in turn; empty where a login or a browser is needed.
    checksum
        ``sha256:...`` or ``md5:...`` as published.
    size
        Published size in bytes; 0 where it is not known.
    extracted
        Names under which its content may lie beside it, unpacked.
    """

    name: str
    urls: tuple[str, ...]
    checksum: str
    size: int = 0
    extracted: tuple[str, ...] = ()

    def find(self, directory: Path) -> Path | None:
        """The file itself, or what was unpacked from it; None if the directory has neither."""
        places = (directory / name for name in (self.name, *self.extracted))
        return next((path for path in places if path.exists()), None)


@dataclass(frozen=True)
class OfficialSplit:
    """Which official files a split is read from, and how many images its authors count in it."""

    files: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class OfficialSource:
    """Files and splits of a data set.

    Attributes
    ----------
    by_hand
        What to do where the files cannot be downloaded without a login or a browser; empty otherwise.
    native_npz
        Names of npz files that official archives unpack to, which are not of the npz layout.
    """

    files: tuple[OfficialFile, ...]
    splits: dict[str, OfficialSplit] = field(hash=False)
    by_hand: str = ""
    native_npz: tuple[str, ...] = ()

    def file(self, name: str) -> OfficialFile:
        """The official file of that name."""
        return next(file for file in self.files if file.name == name)

    def find(self, directory: Path, split: str) -> dict[str, Path] | None:
        """Where the files of a split lie in this directory, by official name; None unless all are there."""
        if split not in self.splits:
            return None
        found = {name: self.file(name).find(directory) for name in self.splits[split].files}
        present = {name: path for name, path in found.items() if path is not None}
        return present if len(present) == len(found) else None


@dataclass(frozen=True)
class DataSet:
    """A data set of the catalog, which one module of `experiments.data.sets` defines as ``DATA_SET``.

    It has official files and a function that reads them, or it is embedded and has a function that makes its images.

    Attributes
    ----------
    source, read
        The official files, and what reads them; it raises a DataFileError for damaged ones.
    load
        What makes the images of an embedded set.
    is_decoded_once
        Whether it has many small pictures, which take minutes to decode: the images are kept in the cache.
    by_photograph
        Whether its npz layout may have test images alone, which are then split by their photographs.
    """

    description: DataSetDescription
    source: OfficialSource | None = None
    read: ReadOfficial | None = None
    load: LoadEmbedded | None = None
    is_decoded_once: bool = False
    by_photograph: bool = False
