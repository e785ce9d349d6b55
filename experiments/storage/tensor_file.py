"""Named tensors and text metadata in one safetensors file, written whole or not at all, and checked when read.

The format itself only notices a wrong length; a checksum in the metadata covers every byte. Nothing is ever unpickled.
The same content always gives the same bytes.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from curvature.errors import CheckpointError
from experiments.storage.atomic_write import write_bytes


def write_tensors(path: Path, file_format: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write the file atomically: an old one stays until the new one is on the disk.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = save(held, {**metadata, "format": file_format, "tensors_crc32": str(_checksum(held))})
    write_bytes(path, _with_sorted_metadata(content))


def read_tensors(path: Path, file_format: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors, onto the CPU, and metadata.

    Raises
    ------
    CheckpointError
        If the file is damaged or of another format.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - file is no mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path, error) from error
    if metadata.get("format") != file_format:
        raise CheckpointError(f"{path}: expected a file of format {file_format!r}, got {metadata.get('format')!r}")
    if metadata.get("tensors_crc32") != str(_checksum(tensors)):
        raise damaged(path, "its checksum differs")
    return tensors, metadata


def damaged(path: Path, why: object) -> CheckpointError:
    """Word the damage of a file in one line."""
    return CheckpointError(f"{path}: is damaged ({why}); restore a copy or train again")


def _with_sorted_metadata(content: bytes) -> bytes:
    """The same file with its metadata in the order of their names: `save` writes them in one that changes by chance.

    The file begins with the length of a header in JSON (unsigned, 8 bytes, little-endian), which may end in spaces:
    https://huggingface.co/docs/safetensors, "Format". The tensors' bytes are counted from its end.
    """
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    # The tensors stay in the order of their bytes, and these aligned.
    ordered = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, memoryview(content)[8 + length :]))


def _checksum(tensors: Mapping[str, Tensor]) -> int:
    """CRC-32 of names and bytes."""
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(name.encode(), crc)
        # A view as bytes: NumPy knows neither bfloat16 nor zero-dimensional views.
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, crc)
    return crc
