"""Where a benchmark runs, and whether on tiny sizes."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

CPU = torch.device("cpu")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Setting:
    """Device and sizes of one run.

    Attributes
    ----------
    device
        Where to compute.
    tiny
        Sizes so small that every line of the benchmark runs in seconds; the numbers then mean nothing.
    """

    device: torch.device = CPU
    tiny: bool = False


@dataclass(frozen=True)
class Choice(Generic[Value]):
    """What a benchmark takes on each device, and for a trial of its code."""

    cpu: Value
    cuda: Value
    tiny: Value

    def of(self, setting: Setting) -> Value:
        """The one for a setting."""
        if setting.tiny:
            return self.tiny
        return self.cuda if setting.device.type == "cuda" else self.cpu
