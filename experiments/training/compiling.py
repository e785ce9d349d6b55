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


def compiled(function: Function) -> Function:
    """Compile a log p, or another objective of training.

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
    return cast(Function, torch.compile(function))
