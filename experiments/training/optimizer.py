"""The optimizer, and its state as named tensors for the checkpoint."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from experiments.training.config import TrainingConfig

STATE_NAMES = {"adamax": ("step", "exp_avg", "exp_inf"), "adam": ("step", "exp_avg", "exp_avg_sq")}


def build_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Make the optimizer of the trainable parameters; the loop sets the learning rate before every step."""
    cls = {"adamax": torch.optim.Adamax, "adam": torch.optim.Adam}[config.optimizer]
    return cls(list(trainable_parameters(model).values()), lr=config.learning_rate, betas=config.betas)


def trainable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Parameters that take a gradient, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """State of the optimizer as ``name of the state/name of the parameter``; empty before the first step."""
    return {
        f"{state}/{name}": tensor
        for name, parameter in trainable_parameters(model).items()
        for state, tensor in optimizer.state.get(parameter, {}).items()
    }


def expected_shapes(model: nn.Module, config: TrainingConfig, step: int) -> dict[str, torch.Size]:
    """Names and shapes of `optimizer_tensors` after `step` steps."""
    if step == 0:
        return {}
    return {
        f"{state}/{name}": torch.Size([]) if state == "step" else parameter.shape
        for name, parameter in trainable_parameters(model).items()
        for state in STATE_NAMES[config.optimizer]
    }


def load_optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the state back exactly: same bits, same memory layout as the parameters, so the same next step."""
    for name, parameter in trainable_parameters(model).items():
        for state in STATE_NAMES["adam" if isinstance(optimizer, torch.optim.Adam) else "adamax"]:
            if f"{state}/{name}" in tensors:
                value = tensors[f"{state}/{name}"]
                # The optimizer keeps its step counters on the CPU.
                like = value if state == "step" else parameter
                optimizer.state[parameter][state] = torch.empty_like(like, requires_grad=False).copy_(value)
