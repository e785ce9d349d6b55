"""Named tensors and text metadata in one safetensors file, written whole or not at all, and checked when read.

The format itself only notices a wrong length; a checksum in the metadata covers names, types, shapes, bytes and the
other metadata. Nothing is ever unpickled. The same content always gives the same bytes: safetensors sorts tensors by
precision and name but not the metadata, so all of ours are one sorted JSON object under one key. Files of older
versions, which have a key for each, or a checksum of names and bytes alone, are still read.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from curvature.errors import CheckpointError
from experiments.storage.atomic_write import write_bytes
from experiments.storage.plain_file import open_plain
from experiments.storage.strict_json import parse_json

METADATA = "likelihood-curvature"
"""The one key of the file's metadata."""
CHECKSUM, OLD_CHECKSUM = "contents_crc32", "tensors_crc32"


def write_tensors(path: Path, file_format: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write the file atomically: an old one stays until the new one is on the disk.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    words = {**metadata, "format": file_format}
    words[CHECKSUM] = _checksum(held, words)
    write_bytes(path, save(held, {METADATA: json.dumps(words, sort_keys=True)}))


def read_tensors(path: Path, file_format: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors, onto the CPU, and metadata.

    Raises
    ------
    CheckpointError
        If the file is damaged or of another format.
    """
    try:
        open_plain(path).close()
        with safe_open(path, framework="pt", device="cpu") as file:
            stored = file.metadata() or {}
            metadata = parse_json(stored[METADATA]) if METADATA in stored else stored
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - file is no mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path, error) from error
    if not isinstance(metadata, dict) or not all(isinstance(word, str) for word in metadata.values()):
        raise damaged(path, "its metadata are no JSON object of texts")
    if metadata.get("format") != file_format:
        raise CheckpointError(f"{path}: expected a file of format {file_format!r}, got {metadata.get('format')!r:.60}")
    if not _is_intact(tensors, metadata):
        raise damaged(path, "its checksum differs")
    return tensors, metadata


def damaged(path: Path, why: object) -> CheckpointError:
    """Word the damage of a file in one line."""
    return CheckpointError(f"{path}: is damaged ({why}); restore a copy or train again")


def _is_intact(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bool:
    if CHECKSUM not in metadata:
        return metadata.get(OLD_CHECKSUM) == str(_checksum_of_bytes(tensors, 0))
    words = {key: word for key, word in metadata.items() if key != CHECKSUM}
    return metadata[CHECKSUM] == _checksum(tensors, words)


def _checksum(tensors: Mapping[str, Tensor], words: Mapping[str, str]) -> str:
    """CRC-32 of the metadata, and of the tensors' names, types, shapes and bytes."""
    layout = {name: [str(tensor.dtype), list(tensor.shape)] for name, tensor in tensors.items()}
    start = zlib.crc32(json.dumps([dict(words), layout], sort_keys=True).encode())
    return str(_checksum_of_bytes(tensors, start))


def _checksum_of_bytes(tensors: Mapping[str, Tensor], start: int) -> int:
    """CRC-32 of the tensors' names and bytes, after those that gave `start`."""
    crc = start
    for name in sorted(tensors):
        crc = zlib.crc32(name.encode(), crc)
        # A view as bytes: NumPy knows neither bfloat16 nor zero-dimensional views.
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, crc)
    return crc
