"""Checks of data files: the checksum of every file, and that every split can be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curvature.errors import ToolkitError
from experiments.data.checksums import is_recorded, require_checksum, require_recorded
from experiments.data.registry import DESCRIPTIONS, SOURCES
from experiments.data.stored_sets import StoredSplit, find_split, not_found


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes
    ----------
    what
        A file, or a split as `cifar10/train`.
    passed
        False if the file is damaged, changed, or a named set is missing.
    detail
        What was found, in one line.
    """

    what: str
    passed: bool
    detail: str


def verify_set(name: str) -> Iterator[Check]:
    """Check every file of every split that was found, one after the other; a set that is nowhere fails."""
    found = [stored for split in DESCRIPTIONS[name].splits if (stored := find_split(name, split)) is not None]
    if not found:
        yield Check(name, False, str(not_found(name, "test")))
    seen: set[Path] = set()
    for stored in found:
        whole = _check_split(stored)
        for file, path in stored.files.items():
            if path not in seen:
                seen.add(path)
                yield _check_file(stored, file, path, may_record=whole.passed)
        yield whole


def is_present(name: str) -> bool:
    """Whether any split of the set was found."""
    return any(find_split(name, split) for split in DESCRIPTIONS[name].splits)


def _check_file(stored: StoredSplit, file: str, path: Path, may_record: bool) -> Check:
    """Compare an official file with its published checksum, and one of the npz layout with the recorded one.

    Files of a split that cannot be read are not recorded: the sound files that replace them would fail the check.
    """
    published = None if stored.is_npz else SOURCES[stored.name].file(file).checksum
    try:
        if path.name != file or path.is_dir():
            return Check(str(path), True, f"unpacked from {file}; no checksum to compare it with")
        if published is not None:
            require_checksum(path, published, "published one")
            return Check(str(path), True, "published checksum")
        if not may_record and not is_recorded(path):
            return Check(str(path), True, "no checksum to compare it with, and none recorded")
        return Check(str(path), True, "recorded checksum" if require_recorded(path) else "checksum recorded now")
    except (ToolkitError, OSError) as error:
        return Check(str(path), False, str(error))


def _check_split(stored: StoredSplit) -> Check:
    """Read all images; official files must hold as many as their authors count."""
    label = f"{stored.name}/{stored.split}"
    try:
        count = len(stored.read_files())
    except (ToolkitError, OSError) as error:
        return Check(label, False, str(error))
    published = count if stored.is_npz else SOURCES[stored.name].splits[stored.split].count
    if count != published:
        files = ", ".join(map(str, stored.files.values()))
        return Check(label, False, f"{files}: {count} images, but {published} are published; unpack or fetch it anew")
    return Check(label, True, f"{count} images read")
