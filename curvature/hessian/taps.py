"""Hooks on the activation modules of a model: their inputs, and the adjoints of their outputs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import grad, jvp

from curvature.hessian.derivatives import load_forward_mode
from curvature.hessian.layered.elementwise import CLOSED_FORMS, derivatives, is_elementwise
from curvature.hessian.layered.verification import direction, tolerance


@dataclass(frozen=True, eq=False)
class Tap:
    """One call of an activation: its module, its input h, and the adjoint ``lam = d(c.f)/d s(h)`` of its output."""

    name: str
    module: nn.Module
    h: Tensor
    lam: Tensor

    @property
    def weights(self) -> Float[Tensor, " U"]:
        """``lam s''(h)`` of every unit, flat."""
        return (self.lam * derivatives(self.module, self.h)[2]).flatten()


@dataclass(frozen=True, eq=False)
class Taps:
    """A function that runs activation modules; it also returns the input of each of them.

    Attributes
    ----------
    function
        Of one tensor, to one tensor.
    modules
        The activations that it may run, by name.
    """

    function: Callable[[Tensor], Tensor]
    modules: Mapping[str, nn.Module]

    def __call__(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the function's value and every activation's input, in order of evaluation."""
        inputs: list[Tensor] = []

        def record(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            inputs.append(arguments[0].clone() if getattr(module, "inplace", False) else arguments[0])

        with _hooked(self.modules.values(), lambda module: module.register_forward_pre_hook(record)):
            y = self.function(x)
        return y, tuple(inputs)

    def adjoints(self, x: Tensor, c: Tensor | None = None) -> list[Tap]:
        """Return every call of an activation with its adjoint for ``c.f(x)``, c held constant; c = f(x) by default."""
        names = {module: name for name, module in self.modules.items()}
        calls: list[tuple[nn.Module, Tensor]] = []
        shifts: list[Tensor] = []

        def note(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            calls.append((module, arguments[0].detach().clone()))

        def shift(_: nn.Module, __: Any, a: Tensor) -> Tensor:
            # The gradient with respect to an added zero is the adjoint of this call alone.
            shifts.append(torch.zeros_like(a, requires_grad=True))
            return a + shifts[-1]

        with (
            torch.enable_grad(),
            _hooked(self.modules.values(), lambda module: module.register_forward_pre_hook(note)),
            _hooked(self.modules.values(), lambda module: module.register_forward_hook(shift)),
        ):
            y = self.function(x)
            if not shifts or not y.requires_grad:
                return [Tap(names[module], module, h, torch.zeros_like(h)) for module, h in calls]
            total = (y * (y.detach() if c is None else c)).sum()
            found = torch.autograd.grad(total, shifts, allow_unused=True)
        return [
            Tap(names[module], module, h, torch.zeros_like(h) if lam is None else lam)
            for (module, h), lam in zip(calls, found, strict=True)
        ]


def activation_modules(model: nn.Module, x: Tensor) -> dict[str, nn.Module]:
    """Find the modules that act as activations when the model runs on x: known types, and others found to be curved."""
    found = {}
    for name, module, h in _calls(model, x, leaves=True):
        if type(module) in CLOSED_FORMS or (is_elementwise(module, h) and bool((derivatives(module, h)[2] != 0).any())):
            found[name] = module
    return found


def offending_module(model: nn.Module, modules: Mapping[str, nn.Module], x: Tensor) -> str:
    """Name the innermost module whose own second derivative is not that of its linear maps and activations."""
    for name, module, h in _calls(model, x, leaves=False):
        if module not in modules.values() and not _is_explained(module, modules, h):
            return f"{type(module).__name__} {name!r}" if name else type(module).__name__
    return f"{type(model).__name__} with its prior"


def _is_explained(module: nn.Module, modules: Mapping[str, nn.Module], h: Tensor) -> bool:
    """Compare one second directional derivative of a module with what its activations' weights give."""
    load_forward_mode()
    inside = {name: part for name, part in modules.items() if any(part is inner for inner in module.modules())}

    def function(y: Tensor) -> Tensor:
        return _first_tensor(module(y))

    taps = Taps(function, inside)
    v, c = direction(h, seed=1), direction(function(h.clone()), seed=2)
    Jv, tangents = jvp(taps, (h,), (v,))[1]

    def contracted(y: Tensor) -> Tensor:
        return (function(y) * c).sum()

    parts = [float((t * t).flatten() @ tap.weights) for t, tap in zip(tangents, taps.adjoints(h, c), strict=True)]
    Hv = jvp(grad(contracted), (h,), (v,))[1]
    scale = sum(map(abs, parts)) + float(Jv.norm() * c.norm())
    return abs(float((Hv * v).sum()) - sum(parts)) <= tolerance(h) * scale


def _calls(model: nn.Module, x: Tensor, leaves: bool) -> list[tuple[str, nn.Module, Tensor]]:
    """Run the model; list the modules that map one float tensor, in order of return, with their input."""
    names = {module: name for name, module in model.named_modules() if not leaves or not list(module.children())}
    calls: dict[nn.Module, Tensor] = {}

    def note(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if len(arguments) == 1 and isinstance(arguments[0], Tensor) and arguments[0].is_floating_point():
            calls.setdefault(module, arguments[0].detach().clone())

    order: list[nn.Module] = []

    def finish(module: nn.Module, *_: Any) -> None:
        order.append(module)

    with (
        torch.no_grad(),
        _hooked(names, lambda module: module.register_forward_pre_hook(note)),
        _hooked(names, lambda module: module.register_forward_hook(finish)),
    ):
        model(x)
    return [(names[module], module, calls[module]) for module in dict.fromkeys(order) if module in calls]


def _first_tensor(output: Any) -> Tensor:
    """Output of a module, or its first part: a bijection returns its log-determinant beside it."""
    return output[0] if isinstance(output, tuple) else output


@contextmanager
def _hooked(modules: Any, register: Callable[[nn.Module], Any]) -> Iterator[None]:
    """Keep hooks registered on some modules for the duration of a with block."""
    handles = [register(module) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
