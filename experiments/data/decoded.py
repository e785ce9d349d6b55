"""A cache of decoded pictures, for sets of many small ones: the key is made of the files they were read from."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from curvature.errors import CheckpointError, RunDirectoryError
from experiments.data.location import cache_directory
from experiments.storage.tensor_file import read_tensors, write_tensors

Images = UInt8[np.ndarray, "N C H W"]
FORMAT = "likelihood-curvature decoded images 2"  # to be raised when the preprocessing changes
IMAGES = "images"


def decoded_once(name: str, split: str, files: dict[str, Path], decode: Callable[[], Images]) -> Images:
    """The decoded images from the cache if the files are the same as when they were kept, else decoded and kept.

    Images in the cache that are damaged are decoded again. A cache that cannot be written only costs time at the next
    call, so that is no error.
    """
    path = cache_directory() / "decoded" / f"{name}-{split}-{_fingerprint(files)}.safetensors"
    try:
        kept = read_tensors(path, FORMAT)[0].get(IMAGES)
    except CheckpointError:
        kept = None
    if kept is not None:
        return kept.numpy()
    images = decode()
    with suppress(OSError, RunDirectoryError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, FORMAT, {IMAGES: torch.from_numpy(images)}, {})
    return images


def _fingerprint(files: dict[str, Path]) -> str:
    """Of places, sizes and times of change; of a folder, of everything in it."""
    digest = hashlib.sha256(FORMAT.encode())
    for name, path in sorted(files.items()):
        entries = sorted(path.rglob("*")) if path.is_dir() else [path]
        for entry in entries:
            with suppress(OSError):  # a link to nowhere: who reads it is told
                status = entry.stat()
                digest.update(f"{name}|{entry.resolve()}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
