"""A log density in double precision: second derivatives of a float32 model lose the digits that its curvature needs."""

import copy
import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from curvature.callables import held_weights, require_density
from curvature.errors import DtypeError, ShapeError, TrainingModeError, UninitialisedError

LogProb = Callable[..., Tensor] | nn.Module


@dataclass(frozen=True)
class LogDensity:
    """``log p`` as a checked function ``[B, *event] -> [B]`` (nats) of one dtype.

    Attributes
    ----------
    function
        What is evaluated: a method of a frozen copy of the model, or the caller's own function.
    dtype
        Precision of input and output.
    device
        Where the model's parameters are; None for a plain function.
    module
        The frozen copy of the model, if `function` is its `log_prob` itself.
    refusal
        Why there is no module.
    differentiation
        How it is differentiated twice, by name (`curvature.hessian.derivatives`).
    math_attention
        Whether attention is computed by torch's plain kernel, because the fused ones have no second derivative.
    is_inspected
        Whether `curvature.hessian.inspection` has looked at it.
    part
        Name of the summand of log p that this is; empty for log p itself.
    """

    function: Callable[[Tensor], Tensor]
    dtype: torch.dtype
    device: torch.device | None
    module: nn.Module | None = None
    refusal: str = ""
    differentiation: str = "forward-over-reverse"
    math_attention: bool = False
    is_inspected: bool = False
    part: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"the part {self.part!r} of log p" if self.part else "log p"

    @classmethod
    def of(cls, log_prob: LogProb, dtype: torch.dtype = torch.float64) -> "LogDensity":
        """Copy the model of `log_prob` to `dtype`, frozen and in evaluation mode; the model itself is not changed.

        Parameters
        ----------
        log_prob
            A module with a method `log_prob`, a bound method of a module, a `functools.partial` of one of them, or any
            other callable, which is used without a copy. A `LogDensity` of this dtype is returned unchanged.
        dtype
            Precision of the copy.

        Raises
        ------
        TrainingModeError
            If the model, or a part of it, is in training mode.
        UninitialisedError
            If a part of it holds a buffer `initialised` that is false.
        DtypeError, OptionError
            If `log_prob` cannot be called, or is a module without a method `log_prob`; says what to pass instead.
        """
        if isinstance(log_prob, cls) and log_prob.dtype == dtype:
            return log_prob
        require_density(log_prob)
        function, module = _frozen(log_prob, dtype)
        state = [] if module is None else [*module.parameters(), *module.buffers()]
        device = state[0].device if state else None
        if module is None or getattr(function, "__func__", None) is not getattr(type(module), "log_prob", None):
            return cls(function, dtype, device, refusal="log_prob is not the method log_prob of a module")
        return cls(function, dtype, device, module)

    def __call__(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Evaluate log p of a batch.

        Raises
        ------
        ShapeError
            If the result is not one number a sample.
        DtypeError
            If the function cannot compute in `dtype`, or returns another one.
        """
        name = str(self.dtype).removeprefix("torch.")
        try:
            log_p = self._evaluate(x)
        except RuntimeError as error:
            if any(word in str(error).lower() for word in ("dtype", "scalar type", "double")):
                reason = f"failed on {name} input ({str(error).splitlines()[0]})"
                raise DtypeError(f"log_prob: {reason}; {self._how_to_convert()}") from error
            raise
        if not isinstance(log_p, Tensor) or log_p.shape != x.shape[:1]:
            raise ShapeError(
                f"log_prob: expected one number a sample, shape {tuple(x.shape[:1])}, got {_described(log_p, len(x))}"
            )
        if log_p.dtype != self.dtype:
            raise DtypeError(f"log_prob: returned {log_p.dtype} for {name} input; {self._how_to_convert()}")
        return log_p

    def _evaluate(self, x: Tensor) -> Tensor:
        if not self.math_attention:
            return self.function(x)
        with sdpa_kernel(SDPBackend.MATH):
            return self.function(x)

    def _how_to_convert(self) -> str:
        """Say what to pass instead of a function that computes in another precision."""
        held = held_weights(self.function, self.dtype) if self.module is None else None
        if held is None:
            return "convert the model first (model.double()) or pass its bound method"
        dtype = str(next(p.dtype for p in held.parameters() if p.is_floating_point())).removeprefix("torch.")
        return f"this is a function that holds {dtype} weights of {type(held).__name__}; pass the module"


def _described(log_p: Any, count: int) -> str:
    """Say what came instead of one number a sample, and how to make it one."""
    if not isinstance(log_p, Tensor):
        return type(log_p).__name__
    advice = {(count, 1): "; return log_p.squeeze(1)", (): "; sum over the entries of each event, not over the batch"}
    return f"shape {tuple(log_p.shape)}{advice.get(tuple(log_p.shape), '')}"


def _frozen(log_prob: Any, dtype: torch.dtype) -> tuple[Callable[..., Tensor], nn.Module | None]:
    """Return the callable bound to a frozen copy of its module, and that copy; a plain function has none."""
    if isinstance(log_prob, functools.partial):
        function, module = _frozen(log_prob.func, dtype)
        arguments = [_cast(value, dtype) for value in log_prob.args]
        keywords = {key: _cast(value, dtype) for key, value in log_prob.keywords.items()}
        return functools.partial(function, *arguments, **keywords), module
    if isinstance(log_prob, nn.Module):
        require_density(log_prob)
        return _frozen(log_prob.log_prob, dtype)
    module = getattr(log_prob, "__self__", None)
    if isinstance(log_prob, types.MethodType) and isinstance(module, nn.Module):
        _require_ready(module)
        duplicate = copy.deepcopy(module).to(dtype).requires_grad_(False)
        return types.MethodType(log_prob.__func__, duplicate), duplicate
    return log_prob, None


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """Cast a floating tensor argument, such as a conditioning vector, to the model's dtype."""
    return value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value


def _require_ready(model: nn.Module) -> None:
    """Raise unless every part of the model is in evaluation mode and initialised."""
    for name, module in model.named_modules():
        part = f"{type(module).__name__} {name!r}" if name else type(module).__name__
        if module.training:
            raise TrainingModeError(f"log_prob: {part} is in training mode; call model.eval() first")
        initialised = dict(module.named_buffers(recurse=False)).get("initialised")
        if initialised is not None and not bool(initialised.all()):
            raise UninitialisedError(
                f"log_prob: {part} is not initialised; run model.initialise(x) or load a checkpoint"
            )
