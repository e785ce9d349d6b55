"""Timing of alternatives side by side: alternating in one process, process CPU time beside wall time, medians."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Medians over the rounds of one candidate."""

    cpu_ms: float
    """CPU time of the process, user and system (milliseconds)."""
    wall_ms: float
    """Wall time (milliseconds)."""


def alternate(candidates: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2) -> dict[str, Timing]:
    """Run every candidate once a round, in turn, so that a busy machine slows them alike; drop the first rounds."""
    cpu: dict[str, list[float]] = {name: [] for name in candidates}
    wall: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(warm_up + rounds):
        for name, candidate in candidates.items():
            cpu_start, wall_start = time.process_time(), time.perf_counter()
            candidate()
            cpu[name].append(time.process_time() - cpu_start)
            wall[name].append(time.perf_counter() - wall_start)
    return {
        name: Timing(1e3 * statistics.median(cpu[name][warm_up:]), 1e3 * statistics.median(wall[name][warm_up:]))
        for name in candidates
    }
