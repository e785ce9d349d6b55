"""Compiling log p and its gradient with torch.compile, which calls a C++ compiler at the first step."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor

from curvature.errors import ConfigError


def cpp_compiler() -> str:
    """Name of the C++ compiler that torch.compile will call: the environment variable CXX, or the system's own."""
    return os.environ.get("CXX") or {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")


Function = TypeVar("Function", bound=Callable[..., Tensor])


def compiled(function: Function, cuda_graphs: bool = False) -> Function:
    """Compile a log p, or another objective of training.

    With `cuda_graphs`, the results and gradients of a step lie in memory that the next step uses again: they must be
    used up before it begins, and `torch.compiler.cudagraph_mark_step_begin` tells that it does. On the CPU there are no
    such graphs, and nothing changes.

    Raises
    ------
    ConfigError
        If there is no C++ compiler.
    """
    if shutil.which(cpp_compiler()) is None:
        raise ConfigError(
            f"training setting compile: needs the C++ compiler {cpp_compiler()}, which was not found; "
            "install it, name another one in the environment variable CXX, or leave the setting out"
        )
    return cast(Function, torch.compile(function, mode="reduce-overhead" if cuda_graphs else None))
