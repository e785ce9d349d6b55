"""Timing of alternatives that alternate in one process: medians of its CPU time and of wall time.

On a CUDA device every measurement goes from idle device to idle device.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from benchmarks.device import synchronise
from benchmarks.setting import CPU


@dataclass(frozen=True)
class Timing:
    """Medians over the rounds of one candidate.

    Attributes
    ----------
    cpu_ms
        CPU time of the process, user and system, in milliseconds.
    wall_ms
        Wall time in milliseconds.
    on_cpu
        Whether the work was the CPU's.
    """

    cpu_ms: float
    wall_ms: float
    on_cpu: bool = True

    @property
    def cost_ms(self) -> float:
        """What ratios are of: CPU time, which other processes disturb less; on another device wall time."""
        return self.cpu_ms if self.on_cpu else self.wall_ms


def alternate(
    candidates: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2, device: torch.device = CPU
) -> dict[str, Timing]:
    """Run every candidate once in every round, so that a busy machine slows all alike; `warm_up` rounds are dropped."""
    cpu: dict[str, list[float]] = {name: [] for name in candidates}
    wall: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(warm_up + rounds):
        for name, candidate in candidates.items():
            synchronise(device)
            cpu_start, wall_start = time.process_time(), time.perf_counter()
            candidate()
            synchronise(device)
            cpu[name].append(time.process_time() - cpu_start)
            wall[name].append(time.perf_counter() - wall_start)
    return {
        name: Timing(
            1e3 * statistics.median(cpu[name][warm_up:]),
            1e3 * statistics.median(wall[name][warm_up:]),
            device.type == "cpu",
        )
        for name in candidates
    }
