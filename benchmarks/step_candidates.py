"""What `training_on_gpu` compares: models, their arithmetic, and how the training loop runs them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from benchmarks.affine_glow import PlainAffineGlow
from benchmarks.known_devices import KnownDevice
from benchmarks.normflows_glow import NormflowsGlow
from experiments.models.config import ModelConfig
from experiments.models.registry import EventShape, build
from experiments.paper.presets import PRESETS
from experiments.training.config import TrainingConfig


@dataclass(frozen=True)
class Candidate:
    """One way to train.

    Attributes
    ----------
    model
        Builds the model of these images and sizes.
    training
        How the loop runs it; the batch size is that of each measurement.
    tf32
        Whether factors of float32 products are rounded to TensorFloat-32.
    """

    model: Callable[[EventShape, ModelConfig], nn.Module]
    training: TrainingConfig
    tf32: bool = False

    @property
    def arithmetic(self) -> torch.dtype:
        """What most maps are stored in."""
        return torch.bfloat16 if self.training.precision == "bfloat16" else torch.float32

    def peak(self, device: KnownDevice) -> float:
        """Most operations a second in this arithmetic."""
        if self.arithmetic == torch.bfloat16:
            return device.bfloat16
        return device.tf32 if self.tf32 else device.float32


def ours(event_shape: EventShape, config: ModelConfig) -> nn.Module:
    """Our Glow, whose couplings are additive."""
    return build(config, event_shape)


def normflows_affine(event_shape: EventShape, config: ModelConfig) -> nn.Module:
    """Normflows' affine Glow at the sizes of one of ours."""
    return NormflowsGlow(event_shape, replace(config, coupling="affine"))  # type: ignore[type-var]


def plain_affine(event_shape: EventShape, config: ModelConfig) -> nn.Module:
    """The affine Glow in plain PyTorch at the sizes of one of ours."""
    return PlainAffineGlow(event_shape, config.levels, config.steps, config.width)  # type: ignore[attr-defined]


EAGER = replace(PRESETS["paper"].training, channels_last=False, precision="float32")
HALF = replace(EAGER, channels_last=True, precision="bfloat16")
REFERENCE = "ours, eager, f32 (TF32)"
CANDIDATES = {
    REFERENCE: Candidate(ours, EAGER, tf32=True),
    "ours, eager, f32": Candidate(ours, EAGER),
    "ours, eager, bf16, channels_last": Candidate(ours, HALF),
    "normflows additive, eager, f32 (TF32)": Candidate(NormflowsGlow, EAGER, tf32=True),
    "normflows affine, eager, f32 (TF32)": Candidate(normflows_affine, EAGER, tf32=True),
    "plain PyTorch affine, eager, f32 (TF32)": Candidate(plain_affine, EAGER, tf32=True),
    "ours, compiled, bf16, channels_last": Candidate(ours, replace(HALF, compile=True)),
    "ours, compiled, CUDA graphs, bf16": Candidate(ours, replace(HALF, compile=True, cuda_graphs=True)),
}
