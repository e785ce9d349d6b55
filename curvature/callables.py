"""What may be passed as log_prob, and what to write instead of what may not."""

import functools
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.distributions import Distribution

from curvature.errors import DtypeError, OptionError

ADAPT = "adapt(model), from experiments.models.adapters import adapt"


def require_density(log_prob: Any) -> None:
    """Raise unless an object is a module with `log_prob`, or can be called; say what to pass instead.

    Raises
    ------
    OptionError
        If it is a distribution object, a compiled TorchScript module, a class, or a module without `log_prob`.
    DtypeError
        If it is nothing that can be called.
    """
    name = type(log_prob).__name__
    if isinstance(log_prob, type):
        raise OptionError(
            f"log_prob: got the class {log_prob.__name__}; pass an object of it, {log_prob.__name__}(...)"
        )
    if isinstance(log_prob, Distribution):
        raise OptionError(f"log_prob: {name} is a distribution, neither a module nor a function; pass {ADAPT}")
    if _is_scripted(log_prob):
        raise OptionError(f"log_prob: {name} is TorchScript; pass the Python module that was scripted or traced")
    if isinstance(log_prob, nn.Module) and not callable(getattr(log_prob, "log_prob", None)):
        raise OptionError(f"log_prob: {name} has no method log_prob(x); {_how_to_wrap(log_prob)}")
    if not callable(log_prob) and not hasattr(log_prob, "log_prob"):
        raise DtypeError(f"log_prob: expected a module or a function of x, got {name}")


def _how_to_wrap(module: nn.Module) -> str:
    """Say what has a log density near a module that has none: a part of it, its forward, or an adapter's result."""
    for name, part in module.named_modules():
        if name and callable(getattr(part, "log_prob", None)):
            return f"its part {type(part).__name__} has one: pass model.{name}"
    advice = f"pass {ADAPT}, for flows of zuko, nflows, normflows and FrEIA"
    if type(module).forward is nn.Module.forward:
        return advice
    return f"if forward(x) returns log p in nats, pass model.forward; else {advice}"


def _is_scripted(log_prob: Any) -> bool:
    return isinstance(log_prob, torch.jit.ScriptModule | torch.ScriptMethod | torch.jit.ScriptFunction)


def held_weights(function: Any, dtype: torch.dtype) -> nn.Module | None:
    """Find a module with floating parameters of another dtype that a function holds: in a closure or as a global."""
    for module in _held_modules(function):
        if any(p.is_floating_point() and p.dtype != dtype for p in module.parameters()):
            return module
    return None


def _held_modules(function: Any, depth: int = 3) -> Iterator[nn.Module]:
    """Modules that a callable reaches through its closure, globals, bound object, partial arguments or attributes."""
    if isinstance(function, nn.Module):
        yield function
        return
    if depth == 0:
        return
    for held in _held_objects(function):
        yield from _held_modules(held, depth - 1)


def _held_objects(function: Any) -> Iterator[Any]:
    if isinstance(function, functools.partial):
        yield from (function.func, *function.args, *function.keywords.values())
    elif isinstance(function, types.MethodType):
        yield from (function.__self__, function.__func__)
    elif isinstance(function, types.FunctionType):
        for cell in function.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:
                continue  # not filled yet
        yield from (function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__)
    elif isinstance(function, list | tuple):
        yield from function
    elif not isinstance(function, types.ModuleType | type) and isinstance(getattr(function, "__dict__", None), dict):
        yield from vars(function).values()


def missing_argument(error: TypeError) -> str | None:
    """Name the argument that a call of log_prob lacked, if that is what its TypeError says."""
    message = str(error)
    if "missing" not in message or "positional argument" not in message or "'" not in message:
        return None
    return message.split("'")[1]
