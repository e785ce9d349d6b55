"""Where to compute, and where to hold the training images."""

from typing import Literal

import torch
from torch import Tensor

from curvature.errors import ConfigError

# Images may take this part of the free memory of a device; the rest is left to activations and the optimizer.
LARGEST_PART_OF_MEMORY = 0.25


def select_device(name: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Turn the configured name into a device; ``auto`` takes CUDA if there is any.

    Raises
    ------
    ConfigError
        If CUDA is asked for and torch sees none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("device: cuda asked for, but torch sees no CUDA device; use cpu or auto")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and available) else "cpu")


def keep_float32_exact() -> None:
    """Make CUDA multiply float32 numbers in float32, in the whole process.

    Left alone, torch lets convolutions round their factors to the 10 bits of TensorFloat-32. In the 1x1 convolutions of
    a flow this rounds away part of the dequantisation noise: log p moves by a thousandth of a bit per dimension.
    """
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False


def holding_device(
    images: Tensor, device: torch.device, choice: Literal["auto", "yes", "no"], free_bytes: int | None = None
) -> torch.device:
    """Where to hold the images: on the computing device, or on the host with a transfer for every batch.

    Parameters
    ----------
    images
        All training images.
    device
        Where to compute.
    choice
        ``auto`` holds them on the device if they take at most a quarter of its free memory.
    free_bytes
        Free memory of the device; asked of CUDA unless given.
    """
    host = torch.device("cpu")
    if choice != "auto" or device.type == "cpu":
        return host if choice == "no" else device
    if free_bytes is None:
        free_bytes, _ = torch.cuda.mem_get_info(device)
    return device if images.nbytes <= LARGEST_PART_OF_MEMORY * free_bytes else host
