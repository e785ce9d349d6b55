"""Snapshots: the averaged weights at some steps of a run, from which evaluation and curvature can begin.

Unlike the checkpoint they do not suffice to go on training, and they are a third of its size.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from curvature.errors import CheckpointError, RunDirectoryError
from experiments.storage.atomic_write import cannot_write
from experiments.storage.serialisation import content_hash
from experiments.storage.tensor_file import damaged, read_tensors, write_tensors
from experiments.training.checkpoint import load_weights

FORMAT = "likelihood-curvature snapshot 1"
PREFIX, SUFFIX = "step-", ".safetensors"


def snapshot_path(directory: Path, step: int) -> Path:
    """Where the snapshot of a step lies."""
    return directory / f"{PREFIX}{step:08d}{SUFFIX}"


def snapshot_steps(directory: Path) -> list[int]:
    """Steps of which there is a snapshot, in order."""
    digits = (path.name[len(PREFIX) : -len(SUFFIX)] for path in directory.glob(f"{PREFIX}*{SUFFIX}"))
    return sorted(int(text) for text in digits if text.isdecimal())


def save_snapshot(directory: Path, step: int, tensors: Mapping[str, Tensor], identity: Mapping[str, Any]) -> Path:
    """Write the snapshot of a step atomically; its path.

    Parameters
    ----------
    tensors
        State dict for evaluation (`Checkpoint.evaluation_tensors`).
    identity
        What the run depends on (`training_identity`).

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise cannot_write(directory, error) from error
    path = snapshot_path(directory, step)
    metadata = {"step": str(step), "identity": json.dumps(identity), "identity_sha256": content_hash(identity)}
    write_tensors(path, FORMAT, tensors, metadata)
    return path


def load_snapshot(model: nn.Module, directory: Path, step: int) -> Path:
    """Give a model the averaged weights of a step, and switch it to evaluation mode; the snapshot's path.

    Raises
    ------
    CheckpointError
        If there is no such snapshot, it is damaged, or it was made by a model of another configuration.
    """
    path = snapshot_path(directory, step)
    if not path.is_file():
        there = ", ".join(map(str, snapshot_steps(directory))) or "none"
        raise CheckpointError(f"{path}: there is no snapshot of step {step}; there are those of steps: {there}")
    tensors, metadata = read_tensors(path, FORMAT)
    try:
        identity = json.loads(metadata["identity"])
        intact = metadata["identity_sha256"] == content_hash(identity) and int(metadata["step"]) == step
    except (KeyError, ValueError) as error:
        raise damaged(path, repr(error)) from error
    if not intact:
        raise damaged(path, "its checksum or step differs")
    load_weights(model, path, tensors, identity.get("model"))
    return path


def remove_later_snapshots(directory: Path, step: int) -> None:
    """Remove the snapshots of later steps: training goes on from this step and makes them anew.

    Raises
    ------
    RunDirectoryError
        If one cannot be removed.
    """
    for path in (snapshot_path(directory, other) for other in snapshot_steps(directory) if other > step):
        try:
            path.unlink()
        except OSError as error:
            raise RunDirectoryError(f"{path}: cannot be removed ({error.strerror or error})") from error
