"""The machine and the versions that a result belongs to."""

import os
import platform
from pathlib import Path

import torch


def hardware() -> dict[str, object]:
    """Return processor, cores, torch's threads and vector instructions, GPU, and versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "avx512_bf16": "avx512_bf16" in _cpuinfo("flags"),
        **_gpu(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _gpu() -> dict[str, object]:
    """Name, memory in 10^9 bytes and compute capability of the GPU, and the versions of CUDA and cuDNN."""
    if not torch.cuda.is_available():
        return {"gpu": None, "cuda": torch.version.cuda}
    properties = torch.cuda.get_device_properties(torch.cuda.current_device())
    return {
        "gpu": properties.name,
        "gpu_gigabytes": properties.total_memory / 1e9,
        "gpu_capability": f"{properties.major}.{properties.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "torch_gpu_architectures": torch.cuda.get_arch_list(),
    }


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(key: str) -> str:
    """Return the value of `key` in /proc/cpuinfo, empty where there is none (other systems than Linux)."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
