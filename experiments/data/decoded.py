"""Sets of many small pictures are decoded once: the images are kept in the cache, by what they were read from."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from curvature.errors import RunDirectoryError
from experiments.data.location import cache_directory
from experiments.storage.atomic_write import replacement

Images = UInt8[np.ndarray, "N C H W"]
FORMAT = 1  # to be raised when the preprocessing changes


def decoded_once(name: str, split: str, files: dict[str, Path], decode: Callable[[], Images]) -> Images:
    """The decoded images from the cache if the files are the same as when they were kept, else decoded and kept.

    A cache that cannot be written only costs time at the next call, so that is no error.
    """
    path = cache_directory() / "decoded" / f"{name}-{split}-{_fingerprint(files)}.npy"
    try:
        images: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        images = decode()
        with suppress(OSError, RunDirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacement(path) as temporary, temporary.open("wb") as file:
                np.save(file, images, allow_pickle=False)
    return images


def _fingerprint(files: dict[str, Path]) -> str:
    """Of places, sizes and times of change; of a folder, of everything in it."""
    digest = hashlib.sha256(f"format {FORMAT}".encode())
    for name, path in sorted(files.items()):
        entries = sorted(path.rglob("*")) if path.is_dir() else [path]
        for entry in entries:
            status = entry.stat()
            digest.update(f"{name}|{entry.resolve()}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
