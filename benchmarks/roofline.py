"""The roofline of a training step: the fastest that a device's arithmetic and memory allow.

"Roofline: an insightful visual performance model for multicore architectures", Williams, Waterman, Patterson,
Communications of the ACM 52 (2009). A step of B images takes at least ``max(B F / P, (B b + w) / M)`` seconds: F
operations and b bytes for each image, w bytes for each step, peak arithmetic P and bandwidth M.
"""

from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.known_devices import KnownDevice
from benchmarks.model_flops import StepBytes, training_bytes, training_flops


@dataclass(frozen=True)
class Workload:
    """What a step of a model takes.

    Attributes
    ----------
    flops
        Operations for each image.
    moved
        Bytes that have to move.
    """

    flops: int
    moved: StepBytes

    @classmethod
    def of(cls, model: nn.Module, event_shape: tuple[int, int, int], arithmetic: torch.dtype) -> "Workload":
        """Count on the CPU."""
        flops = training_flops(model, event_shape)
        return cls(flops, training_bytes(model, event_shape, arithmetic))

    def intensity(self, batch_size: int) -> float:
        """Operations for each byte."""
        return batch_size * self.flops / self._bytes(batch_size)

    def ceiling(self, batch_size: int, device: KnownDevice, peak: float) -> float:
        """Most images a second, with arithmetic of `peak` operations a second."""
        arithmetic, memory = batch_size * self.flops / peak, self._bytes(batch_size) / device.bandwidth
        return batch_size / max(arithmetic, memory)

    def limit(self, batch_size: int, device: KnownDevice, peak: float) -> str:
        """Which of the two is the limit, `arithmetic` or `memory`."""
        return "arithmetic" if self.intensity(batch_size) >= peak / device.bandwidth else "memory"

    def _bytes(self, batch_size: int) -> int:
        return batch_size * self.moved.per_image + self.moved.per_step
