"""Floating-point operations of a training step, and the bytes that it has to move.

A multiplication and an addition count as two. Only convolutions are counted: they are all but a thousandth of the work.
The rest is one matrix product for each flow step, which does not grow with the batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

CONVOLUTIONS = (torch.ops.aten.convolution, torch.ops.aten.convolution_backward)

BYTES_OF_UPDATE = 4 * (4 + 3 + 2)
"""Adam reads a weight, its gradient and two running means and writes three of them; the average is read and written."""


@dataclass(frozen=True)
class StepBytes:
    """The least that a training step moves between a device and its memory.

    Attributes
    ----------
    per_image
        Inputs and outputs of convolutions and their gradients.
    per_step
        Kernels of convolutions, their gradients, and the update of all weights.
    """

    per_image: int
    per_step: int


def training_flops(model: nn.Module, event_shape: tuple[int, int, int]) -> int:
    """Operations for one image in one training step, forward and backward, counted on an uncompiled model.

    Parameters
    ----------
    model
        With ``log_prob(x) -> [B]``, on the CPU; the batch has one float32 image of zeros.
    event_shape
        (C, H, W) of an image.
    """
    with FlopCounterMode(display=False) as counter:
        _differentiate(model, event_shape, torch.float32)
    counts = counter.get_flop_counts()["Global"]
    return sum(counts.get(operation, 0) for operation in CONVOLUTIONS)


def training_bytes(model: nn.Module, event_shape: tuple[int, int, int], arithmetic: torch.dtype) -> StepBytes:
    """Bytes that a step has to move if every convolution is one kernel and all other work is fused into those.

    Such a kernel reads its input and the weights and writes its output; backward it reads the output's gradient, its
    input and the weights once for both gradients, and writes these. Elementwise operations then cost nothing. A
    program that keeps the maps between two convolutions on the chip would move less.

    Parameters
    ----------
    model, event_shape
        As for `training_flops`.
    arithmetic
        float32, or bfloat16 for autocast, under which most maps take two bytes a number.
    """
    with _Traffic() as traffic:
        _differentiate(model, event_shape, arithmetic)
    weights = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return StepBytes(traffic.maps, traffic.kernels + BYTES_OF_UPDATE * weights)


class _Traffic(TorchDispatchMode):
    """Adds up the bytes of the operands of convolutions: maps, which grow with the batch, and kernels."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = self.kernels = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default:
            x, weight, bias = args[:3]
            self.maps += _bytes(x, out)
            self.kernels += _bytes(weight, bias)
        elif func is torch.ops.aten.convolution_backward.default:
            self.maps += _bytes(*args[:2], out[0])
            self.kernels += _bytes(args[2], *out[1:])
        return out


def _bytes(*tensors: Tensor | None) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors if tensor is not None)


def _differentiate(model: nn.Module, event_shape: tuple[int, int, int], arithmetic: torch.dtype) -> None:
    """Run log p of one image of zeros forward and backward, and drop the gradient."""
    with torch.autocast("cpu", torch.bfloat16, enabled=arithmetic == torch.bfloat16):
        log_p = model.log_prob(torch.zeros(1, *event_shape))  # type: ignore[operator]
    log_p.sum().backward()
    model.zero_grad(set_to_none=True)
