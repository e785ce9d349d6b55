"""Tr{H Sigma} by another library: the collapsed Taylor mode of jet-for-pytorch, where it is installed.

"Collapsing Taylor Mode Automatic Differentiation", Dangel, Siebert, Zeinhofer, Walther, NeurIPS 2025. It traces log p
to ATen operations and pushes value, tangents and the SUM of the second derivatives through them, each by a rule. Its
version 1.0.0 has no rules for some operations of our Glow and no public way to add rules: they are written here from
its own parts, and not used where a later version has its own.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.moments import Moments
from experiments.models.activations import DERIVATIVES

NAME, MINIMUM_PYTHON = "jet-for-pytorch", (3, 12)

Trace = Callable[[Moments, int], float]


class TaylorModeUnavailableError(Exception):
    """The library is not installed or cannot push through this model; the message says which and why."""


def taylor_mode_trace(log_prob: Callable[[Tensor], Tensor], x0: Float[Tensor, "*event"]) -> Trace:
    """Return a function of moments and a number of columns at once that computes ``Tr{H Sigma}`` at x0.

    Raises
    ------
    TaylorModeUnavailableError
        If it is not installed, or fails on one column; names the operation that has no rule.
    """
    try:
        found = version(NAME)
        add_missing_rules()
        push = import_module("jet").jet(log_prob, (x0[None],), collapsed=True)
        summed_curvature(push, x0, torch.zeros_like(x0)[None])
    except PackageNotFoundError:
        raise TaylorModeUnavailableError(f"{NAME}: skipped ({not_installed()})") from None
    # An error inside another library, of whatever kind, must not stop the rest of the table.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TaylorModeUnavailableError(f"{NAME} {found}: failed ({reason})") from error

    def trace(moments: Moments, chunk: int) -> float:
        columns = moments.columns().contiguous()
        return sum(float(summed_curvature(push, x0, rows)) for rows in columns.split(chunk))

    return trace


def not_installed() -> str:
    """Say why there is no such library here."""
    if sys.version_info < MINIMUM_PYTHON:
        needed, here = (".".join(map(str, number[:2])) for number in (MINIMUM_PYTHON, sys.version_info))
        return f"needs Python >= {needed}, this is {here}"
    return f"not installed; pip install {NAME}"


@torch.no_grad()
def summed_curvature(
    push: Callable[..., Any], x0: Float[Tensor, "*event"], v: Float[Tensor, " R *event"]
) -> Float[Tensor, ""]:
    """Return ``sum_r v_r' H v_r``, the collapsed second coefficient of log p along the rows of v."""
    _, _, second = push((x0[None], v[:, None], torch.zeros_like(x0)[None]))
    return second[0]


def add_missing_rules() -> None:
    """Register a rule, both plain and collapsed, for each operation of our Glow that has none."""
    registry, primitives = import_module("jet._rules").RULES, import_module("jet.primitives")
    aten = torch.ops.aten
    linear = (aten.pixel_unshuffle.default, aten.slice.Tensor, aten.constant_pad_nd.default)
    rules = {operation: primitives._deflinear(operation) for operation in linear}
    rules[aten.silu.default] = lambda jet: primitives._elementwise(jet, silu_derivatives)
    rules[aten.split.Tensor] = lambda jet, *sizes: split(primitives, jet, *sizes)
    # The result is a constant: it has no derivatives.
    rules[aten.new_zeros.default] = lambda jet, *args, **options: jet[0].new_zeros(*args, **options)
    for operation, rule in rules.items():
        registry.setdefault(operation, {False: rule, True: rule})


def silu_derivatives(x: Tensor, order: int) -> dict[int, Tensor]:
    """Return SiLU and its derivatives up to `order`, at most the second."""
    first, second = DERIVATIVES["silu"]
    return dict(enumerate((torch.nn.functional.silu(x), first(x), second(x))[: order + 1]))


def split(primitives: Any, jet: Any, size: int, dim: int = 0) -> tuple[Any, ...]:
    """Split as `torch.split`; a tuple, because the interpreter would look for a rule to index a list of jets."""
    parts = range(-(-jet[0].shape[dim] // size))
    return tuple(primitives._apply_linear(jet, lambda c, k=part: c.split(size, dim)[k]) for part in parts)
