"""The identity of a training run: everything that its steps depend on, as plain values."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxtyping import UInt8
from torch import Tensor, nn

from experiments.storage.serialisation import to_plain
from experiments.training.batches import image_checksum
from experiments.training.config import TrainingConfig

# Settings that a run may be resumed with other values of: they change where, how often or in what order of summation
# something is computed, not what. A setting that is new since checkpoints were kept must be among them, or be left out
# of the identity while it has its default.
FREE_SETTINGS = (
    "device",
    "checkpoint_every",
    "gradient_accumulation",
    "compile",
    "cuda_graphs",
    "data_on_device",
    "tensorboard",
)


def training_identity(model: nn.Module, images: UInt8[Tensor, "n c h w"], config: TrainingConfig) -> dict[str, Any]:
    """Describe model, training settings and data."""
    settings = {key: value for key, value in to_plain(config).items() if key not in FREE_SETTINGS}
    return {
        "model": model_identity(model),
        "training": settings,
        "data": {"shape": list(images.shape), "sha256": image_checksum(images)},
    }


def model_identity(model: nn.Module) -> Mapping[str, Any]:
    """Describe a model: its class, its event shape, and its configuration, if it carries a dataclass as `config`.

    Names and shapes of tensors alone cannot tell whether weights fit: they do not show the activation, for example.
    """
    config = getattr(model, "config", None)
    settings = to_plain(config) if dataclasses.is_dataclass(config) else None
    if settings is not None:
        # The class says the same, and weights of versions without named families do not hold it.
        settings.pop("kind", None)
    shape = getattr(model, "event_shape", None)
    return {
        "class": type(model).__name__,
        "event_shape": None if shape is None else list(shape),
        "config": settings,
    }
