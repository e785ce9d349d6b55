"""Where to compute."""

from typing import Literal

import torch

from curvature.errors import ConfigError


def select_device(name: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Turn the configured name into a device; ``auto`` takes CUDA if there is any.

    Raises
    ------
    ConfigError
        If CUDA is asked for and torch sees none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("training setting device: cuda asked for, but torch sees no CUDA device; use cpu or auto")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and available) else "cpu")
