"""What lies where: the splits of each set that were found, how many images they hold and how much room they take."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from experiments.data.errors import DataFileError
from experiments.data.npz_layout import count_images
from experiments.data.registry import DESCRIPTIONS, SOURCES
from experiments.data.stored_sets import StoredSplit, find_split


@dataclass(frozen=True)
class Holding:
    """Splits of one set in one place.

    Attributes
    ----------
    counts
        Images of each split; None where the files are damaged. Of official files, the published count.
    size
        Bytes on disk.
    """

    name: str
    place: str
    directory: Path
    counts: dict[str, int | None]
    size: int


def holdings(name: str) -> list[Holding]:
    """Where the splits of a set were found: none, one, or both of the data root and the cache."""
    found = [find_split(name, split) for split in DESCRIPTIONS[name].splits]
    by_place: dict[str, list[StoredSplit]] = {}
    for split in found:
        if split is not None:
            by_place.setdefault(split.place, []).append(split)
    return [
        Holding(
            name,
            place,
            splits[0].directory,
            {split.split: _count(split) for split in splits},
            size_on_disk({path for split in splits for path in split.files.values()}),
        )
        for place, splits in by_place.items()
    ]


def size_on_disk(paths: Iterable[Path]) -> int:
    """Bytes in files, and in everything below folders."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files if file.is_file())


def _count(split: StoredSplit) -> int | None:
    if not split.is_npz:
        return SOURCES[split.name].splits[split.split].count
    try:
        count = sum(count_images(path) for path in split.files.values())
        return int(split.chosen(count).sum()) if split.by_photograph else count
    except DataFileError:
        return None
