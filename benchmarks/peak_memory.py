"""Peak memory of one computation above what its process held before: `python -m benchmarks.peak_memory MODULE NAME...`.

The computation runs in a process of its own; the peak is the kernel's high-water mark of resident memory, which is
reset before the computation. MODULE has a function `computation(*names)` that prepares everything and returns what is
to be measured.
"""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def peak_megabytes(module: str, *names: str) -> float | None:
    """Measure `computation(*names)` of a module in a new process; None where the system keeps no such mark."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    command = [sys.executable, "-m", "benchmarks.peak_memory", module, *names]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def measured(computation: Callable[[], object]) -> float:
    """Resident memory at its highest less that before, in 10^6 bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    computation()
    return (resident("VmHWM") - before) * 1024 / 1e6


def resident(mark: str) -> int:
    """Resident memory of this process in KiB, now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(mark))


if __name__ == "__main__":
    print(measured(importlib.import_module(sys.argv[1]).computation(*sys.argv[2:])))
