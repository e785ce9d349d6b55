"""How much memory this process has used at most, for the log."""

import sys

import torch

MIB = 2**20


def peak_memory_mib() -> float | None:
    """Largest resident memory of this process so far (MiB); None where the system does not tell (Windows)."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, everyone else KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB


def peak_device_memory_mib(device: torch.device) -> float | None:
    """Largest memory of tensors on a CUDA device so far (MiB); None for the CPU."""
    return torch.cuda.max_memory_allocated(device) / MIB if device.type == "cuda" else None
