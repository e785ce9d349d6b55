"""The weights of a reference model: averaged parameters and buffers, small enough to ship, in one safetensors file.

They are stored as float32, or as float16 where float32 would be too large; the metadata say which. Weights stored as
float16 are rounded once, when they are stored: evaluation computes in float32 and curvature in float64 in both cases.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from curvature.errors import CheckpointError
from experiments.storage.serialisation import content_hash
from experiments.storage.tensor_file import read_tensors, write_tensors
from experiments.training.checkpoint import load_weights, read_mapping
from experiments.training.identity import model_identity

FORMAT = "likelihood-curvature weights 1"
LARGEST_FILE = 4_000_000
"""Bytes that one model's weights may take."""
HEADER_ALLOWANCE = 200_000
"""Room for names, shapes and metadata beside the tensors' own bytes."""


def save_reference_weights(path: Path, model: nn.Module, step: int) -> str:
    """Write a model's state, atomically; returns the precision it is stored in, `float32` or `float16`.

    Raises
    ------
    CheckpointError
        If it is too large even in float16, or a weight exceeds float16's range.
    RunDirectoryError
        If it cannot be written.
    """
    tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in _state(model).items()}
    storage = "float32"
    if _size(tensors) > LARGEST_FILE - HEADER_ALLOWANCE:
        tensors, storage = _halved(path, tensors), "float16"
    if _size(tensors) > LARGEST_FILE - HEADER_ALLOWANCE:
        raise CheckpointError(
            f"{path}: the weights take {_size(tensors) / 1e6:.1f} MB even in float16, and a reference model may take "
            f"{LARGEST_FILE / 1e6:.0f} MB; train a narrower or shallower flow"
        )
    identity = model_identity(model)
    metadata = {
        "storage": storage,
        "step": str(step),
        "model": json.dumps(identity),
        "model_sha256": content_hash(identity),
    }
    write_tensors(path, FORMAT, tensors, metadata)
    return storage


def read_reference_weights(path: Path) -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    """Read the tensors, in float32, and the description of the model that they belong to (`model_identity`).

    Raises
    ------
    CheckpointError
        If the file is missing, too large, damaged, or of another format.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: there are no weights; export the model again")
    if path.stat().st_size > LARGEST_FILE:
        raise CheckpointError(
            f"{path}: takes {path.stat().st_size / 1e6:.1f} MB, more than the {LARGEST_FILE / 1e6:.0f} MB of a "
            "reference model; export a smaller one"
        )
    stored, metadata = read_tensors(path, FORMAT)
    identity = read_mapping(path, metadata, "model", "model_sha256")
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in stored.items()}, identity


def load_reference_weights(model: nn.Module, path: Path) -> None:
    """Give a model the weights of a file, and switch it to evaluation mode.

    Raises
    ------
    CheckpointError
        If the file cannot be read or belongs to a model of another configuration; nothing is changed then.
    """
    tensors, identity = read_reference_weights(path)
    load_weights(model, path, tensors, identity)


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}


def _size(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def _halved(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with every float as float16."""
    halved = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    lost = [name for name, tensor in halved.items() if not torch.isfinite(tensor).all()]
    if lost:
        raise CheckpointError(f"{path}: {lost[0]} exceeds float16's range of 65504; train a smaller flow")
    return halved
