"""The state of a training run: everything that changes from step to step, and that a checkpoint keeps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from curvature.errors import CheckpointError
from experiments.training.averaging import start_average
from experiments.training.checkpoint import Checkpoint, require_fit, require_same
from experiments.training.config import TrainingConfig
from experiments.training.optimizer import (
    build_optimizer,
    expected_shapes,
    load_optimizer_tensors,
    optimizer_tensors,
)

FORMER_SUMS = ("row_seconds", "seconds")
"""Times that checkpoints of earlier versions hold; the log has them."""


@dataclass
class RunningSums:
    """The log's sums since its last row, and the running mean of the loss."""

    steps: int = 0
    """Steps since the last row of the log."""
    bits_per_dim: float = 0.0
    """Sum of their losses (bits/dim)."""
    gradient_norm: float = 0.0
    """Sum of their gradient norms."""
    mean_bits_per_dim: float = 0.0
    """Exponential moving average of the loss over all steps (bits/dim)."""

    def add(self, bits_per_dim: float, gradient_norm: float, decay: float) -> None:
        """Take in one step."""
        self.steps += 1
        self.bits_per_dim += bits_per_dim
        self.gradient_norm += gradient_norm
        self.mean_bits_per_dim = decay * self.mean_bits_per_dim + (1 - decay) * bits_per_dim

    def start_row(self) -> None:
        """Begin the next row of the log."""
        self.steps, self.bits_per_dim, self.gradient_norm = 0, 0.0, 0.0


@dataclass
class TrainingState:
    """A run in progress. It is consistent, and may be kept, only between steps."""

    model: nn.Module
    """The model, with the last step's weights."""
    optimizer: torch.optim.Optimizer
    """Its optimizer."""
    average: dict[str, Tensor]
    """Running average of its parameters."""
    identity: Mapping[str, Any]
    """What the run depends on."""
    step: int = 0
    """Steps done."""
    sums: RunningSums = field(default_factory=RunningSums)
    """Running sums of the log."""
    is_consistent: bool = True
    """False within a step."""

    @classmethod
    def start(cls, model: nn.Module, config: TrainingConfig, identity: Mapping[str, Any]) -> "TrainingState":
        """Begin before the first step."""
        return cls(model, build_optimizer(model, config), start_average(model), identity)

    def evaluation_tensors(self) -> dict[str, Tensor]:
        """State dict that evaluation uses, live: averaged parameters beside the buffers."""
        return {**self.model.state_dict(), **self.average}

    def checkpoint(self) -> Checkpoint:
        """Collect the state; its tensors are the live ones, to be written before the next step."""
        return Checkpoint(
            step=self.step,
            identity=self.identity,
            progress=asdict(self.sums),
            model=self.model.state_dict(),
            average=self.average,
            optimizer=optimizer_tensors(self.model, self.optimizer),
        )

    def restore(self, checkpoint: Checkpoint, config: TrainingConfig, path: Path) -> None:
        """Continue from a checkpoint, bit for bit.

        Raises
        ------
        CheckpointError
            If it belongs to another model, other settings or other data; nothing is changed then.
        """
        require_same(path, checkpoint.identity, self.identity)
        require_fit(path, checkpoint.model, {name: t.shape for name, t in self.model.state_dict().items()})
        require_fit(path, checkpoint.average, {name: t.shape for name, t in self.average.items()})
        require_fit(path, checkpoint.optimizer, expected_shapes(self.model, config, checkpoint.step))
        try:
            kept = {key: value for key, value in checkpoint.progress.items() if key not in FORMER_SUMS}
            sums = RunningSums(**kept)  # type: ignore[arg-type]
        except TypeError as error:
            raise CheckpointError(f"{path}: is damaged ({error}); restore a copy or train again") from error
        self.model.load_state_dict(checkpoint.model)
        for name, tensor in self.average.items():
            tensor.copy_(checkpoint.average[name])
        load_optimizer_tensors(self.model, self.optimizer, checkpoint.optimizer)
        self.step, self.sums = checkpoint.step, sums
