"""Exponential moving average of the weights, which evaluation uses: less noisy than the last step's."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def warmed_decay(decay: float, updates: int) -> float:
    """Decay of the update that follows `updates` earlier ones: ``min(decay, (1 + updates) / (10 + updates))``.

    The average then spans about the last tenth of a short run, where a constant 0.999 would keep the initial weights
    for a thousand steps.
    """
    return min(decay, (1 + updates) / (10 + updates))


def start_average(model: nn.Module) -> dict[str, Tensor]:
    """Copy the parameters by name, as the average before any update."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@torch.no_grad()
def update_average(average: Mapping[str, Tensor], model: nn.Module, decay: float) -> None:
    """Move the average towards the parameters, in place: ``average <- decay * average + (1 - decay) * parameter``."""
    parameters = dict(model.named_parameters())
    torch._foreach_lerp_(list(average.values()), [parameters[name] for name in average], 1 - decay)
