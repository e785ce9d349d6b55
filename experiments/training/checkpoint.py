"""The checkpoint: all that training needs to go on bit for bit, and evaluation needs to begin, in one safetensors file.

Tensors are named ``model/...`` (parameters and buffers), ``average/...`` (running average of the parameters) and
``optimizer/...``. The header's metadata holds the numbers: step, running sums of the log, what the run was trained
with, and a checksum of all tensor bytes. Nothing is ever unpickled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from curvature.errors import CheckpointError
from experiments.storage.serialisation import content_hash, differences
from experiments.storage.tensor_file import damaged, read_tensors, write_tensors
from experiments.training.identity import model_identity

FORMAT = "likelihood-curvature checkpoint 1"
GROUPS = ("model", "average", "optimizer")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training run after some step."""

    step: int
    """Steps done."""
    identity: Mapping[str, Any]
    """What the run depends on: model, training settings and data (`training_identity`)."""
    progress: Mapping[str, float]
    """Running sums of the log, exact."""
    model: Mapping[str, Tensor]
    """State dict of the model: the last step's parameters, and the buffers."""
    average: Mapping[str, Tensor]
    """Running average of the parameters."""
    optimizer: Mapping[str, Tensor]
    """State of the optimizer."""

    def evaluation_tensors(self) -> dict[str, Tensor]:
        """State dict that evaluation uses: averaged parameters beside the buffers."""
        return {**self.model, **self.average}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint atomically: the old one stays until the new one is on the disk.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    tensors = {f"{group}/{name}": tensor for group in GROUPS for name, tensor in getattr(checkpoint, group).items()}
    metadata = {
        "step": str(checkpoint.step),
        "identity": json.dumps(checkpoint.identity),
        "identity_sha256": content_hash(checkpoint.identity),
        "progress": json.dumps(dict(checkpoint.progress)),
    }
    write_tensors(path, FORMAT, tensors, metadata)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU.

    Raises
    ------
    CheckpointError
        If there is no such file, it is damaged, or it is no checkpoint of this toolkit.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no checkpoint; train first, or name another run")
    tensors, metadata = read_tensors(path, FORMAT)
    try:
        identity = json.loads(metadata["identity"])
        intact = metadata["identity_sha256"] == content_hash(identity)
        checkpoint = Checkpoint(int(metadata["step"]), identity, json.loads(metadata["progress"]), *_by_group(tensors))
    except (KeyError, ValueError) as error:
        raise damaged(path, repr(error)) from error
    if not intact:
        raise damaged(path, "its checksum differs")
    return checkpoint


def load_ema_weights(model: nn.Module, path: Path) -> int:
    """Give a model the averaged weights of a checkpoint, and switch it to evaluation mode.

    Parameters
    ----------
    model
        A model made from the run's configuration; changed in place, and not at all if the checkpoint does not fit.
    path
        The checkpoint.

    Returns
    -------
    int
        Number of training steps behind the weights.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or was made by a model of another configuration or with other tensors.
    """
    checkpoint = read_checkpoint(path)
    load_weights(model, path, checkpoint.evaluation_tensors(), checkpoint.identity.get("model"))
    return checkpoint.step


def load_weights(model: nn.Module, path: Path, tensors: Mapping[str, Tensor], identity: object) -> None:
    """Give a model the tensors of a file, and switch it to evaluation mode.

    Raises
    ------
    CheckpointError
        If they were made by a model of another configuration or do not fit; nothing is changed then.
    """
    require_same(path, identity, model_identity(model), "model")
    require_fit(path, tensors, {name: tensor.shape for name, tensor in model.state_dict().items()})
    model.load_state_dict(tensors)
    model.eval()


def require_same(path: Path, saved: object, wanted: object, where: str = "") -> None:
    """Raise a CheckpointError that lists the settings in which the checkpoint differs from what is wanted now."""
    changed = differences(saved, wanted, where)
    if changed:
        raise CheckpointError(
            f"{path}: was made with other settings than asked for now ({'; '.join(changed)}); "
            "use the settings it was made with, or another run directory"
        )


def require_fit(path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, torch.Size]) -> None:
    """Raise a CheckpointError that lists missing, unexpected and misshapen tensors."""
    missing = [name for name in wanted if name not in tensors]
    unexpected = [name for name in tensors if name not in wanted]
    misshapen = [
        f"{name} {list(tensors[name].shape)} for {list(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tensors[name].shape != shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
    listed = [f"{kind}: {_list(names)}" for kind, names in kinds.items() if names]
    if listed:
        raise CheckpointError(f"{path}: does not fit the model ({'; '.join(listed)}); check the run's configuration")


def _list(names: list[str]) -> str:
    """Show the first few names and count the rest."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _by_group(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Split the file's tensors into model, average and optimizer."""
    groups: dict[str, dict[str, Tensor]] = {group: {} for group in GROUPS}
    for full_name, tensor in tensors.items():
        group, _, name = full_name.partition("/")
        groups[group][name] = tensor
    return list(groups.values())
