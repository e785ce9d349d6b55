"""The power that a CUDA device draws, where it can be read."""

import subprocess

import torch

NVIDIA_SMI = ("nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits")
TIMEOUT_SECONDS = 5.0


def power_watts(device: torch.device) -> float | None:
    """Average over the device's last sample period, at most a second, in watts; None where nobody can tell."""
    if device.type != "cuda":
        return None
    return _by_library(device) or _by_command(device)


def _by_library(device: torch.device) -> float | None:
    """Ask NVIDIA's library, which torch needs the package nvidia-ml-py for."""
    try:
        return torch.cuda.power_draw(device) / 1e3
    # Whatever keeps it from answering (no package, no permission, no such sensor), speed can be measured without.
    except Exception:
        return None


def _by_command(device: torch.device) -> float | None:
    index = torch.cuda.current_device() if device.index is None else device.index
    try:
        # Its own number may be another where CUDA_VISIBLE_DEVICES hides some devices.
        uuid = str(torch.cuda.get_device_properties(index).uuid).removeprefix("GPU-")
        done = subprocess.run(
            [*NVIDIA_SMI, f"--id=GPU-{uuid}"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
        return float(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError, AttributeError):
        return None
