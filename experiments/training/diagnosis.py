"""Find what is not finite in a model: the first module with such an output, or a parameter with such a gradient."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def first_non_finite_output(model: nn.Module, evaluate: Callable[[], Tensor]) -> str | None:
    """Name the module that first returns NaN or infinity when `evaluate` runs the model.

    Parameters
    ----------
    model
        The model; watched through forward hooks, which are removed again.
    evaluate
        Runs the model on the batch in question, as training does, and returns its loss or log p.

    Returns
    -------
    str or None
        The innermost such module, the first in order of completion; without one, the first parameter that is itself not
        finite, and "log_prob" if only the result is; None if all is finite.
    """
    found: list[str] = []
    handles = []

    def watch(name: str, module: nn.Module) -> None:
        def check(module: nn.Module, inputs: object, output: object) -> None:
            if not found and not all(bool(torch.isfinite(tensor).all()) for tensor in _tensors(output)):
                found.append(f"output of {name} ({type(module).__name__})")

        handles.append(module.register_forward_hook(check))

    for name, module in model.named_modules():
        if name:
            watch(name, module)
    try:
        with torch.no_grad():
            result = evaluate()
    finally:
        for handle in handles:
            handle.remove()
    if found:
        return found[0]
    if bool(torch.isfinite(result).all()):
        return None
    broken = [name for name, parameter in model.named_parameters() if not bool(torch.isfinite(parameter).all())]
    return f"parameter {broken[0]}" if broken else "log_prob"


def non_finite_gradient(model: nn.Module) -> str | None:
    """Name the last parameter with a gradient that is not finite: gradients are computed backwards from the end."""
    broken = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all())
    ]
    if not broken:
        return None
    return f"gradient of {broken[-1]}" + (f" (and of {len(broken) - 1} more)" if len(broken) > 1 else "")


def _tensors(value: object) -> Iterable[Tensor]:
    """All floating-point tensors in a module's output, through tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in _tensors(item)]
    return []
