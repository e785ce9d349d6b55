"""What a training run depends on, as plain values: two runs of equal identity do the same steps."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxtyping import UInt8
from torch import Tensor, nn

from experiments.storage.serialisation import to_plain
from experiments.training.batches import image_checksum
from experiments.training.config import TrainingConfig

# They change where, how often and in what order of summation, not what: a run may be resumed with other values. A
# setting that came after checkpoints had been kept must be among them, or be left out while it has its default.
FREE_SETTINGS = ("device", "checkpoint_every", "gradient_accumulation", "compile", "data_on_device", "tensorboard")


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

    Tensor names and shapes say nothing about an activation, say, so they alone cannot tell whether weights fit.
    """
    config = getattr(model, "config", None)
    settings = to_plain(config) if dataclasses.is_dataclass(config) else None
    if settings is not None:
        # The class says it already, and weights that were kept before families had names do not have it.
        settings.pop("kind", None)
    shape = getattr(model, "event_shape", None)
    return {
        "class": type(model).__name__,
        "event_shape": None if shape is None else list(shape),
        "config": settings,
    }
