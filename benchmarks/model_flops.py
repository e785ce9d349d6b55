"""Floating-point operations of a training step, and the peak of a device, to tell how much of it a model uses.

A multiplication and an addition count as two. Only convolutions are counted: they are all but a thousandth of the work.
The rest is one matrix product for each flow step, which does not grow with the batch.
"""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

CONVOLUTIONS = (torch.ops.aten.convolution, torch.ops.aten.convolution_backward)

# Dense bfloat16 with float32 accumulation, in 10^12 a second, by words of the device's name; the first match counts.
# NVIDIA's data sheets of each GPU (nvidia.com/en-us/data-center): half of what they quote with sparsity.
PEAK_TERAFLOPS = {
    "H200 NVL": 835.5,
    "H200": 989.5,
    "H100 PCIe": 756.5,
    "H100 NVL": 835.5,
    "H100": 989.5,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
}


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
        model.log_prob(torch.zeros(1, *event_shape)).sum().backward()  # type: ignore[operator]
    model.zero_grad(set_to_none=True)
    counts = counter.get_flop_counts()["Global"]
    return sum(counts.get(operation, 0) for operation in CONVOLUTIONS)


def peak_flops(device_name: str) -> float | None:
    """Most bfloat16 operations a second of a device; None where they are not in the table."""
    words = f" {device_name.replace('-', ' ')} "
    return next((1e12 * peak for part, peak in PEAK_TERAFLOPS.items() if f" {part} " in words), None)
