"""Derivatives by the plainest means, as references: reverse mode, one row at a time, and finite differences."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

# Step sizes of the finite differences, as fractions of the largest: the best of them is chosen by its own error.
STEPS = tuple(4.0**-k for k in range(9))
EPS = torch.finfo(torch.float64).eps

Function = Callable[[Tensor], Tensor]


def gradients(log_prob: Function, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B *event"]:
    """Gradients of log p of every row by reverse mode."""
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        (g,) = torch.autograd.grad(log_prob(x).sum(), x)
    return g.detach()


def double_reverse(
    log_prob: Function, x0: Float[Tensor, "*event"], v: Float[Tensor, "*event"]
) -> Float[Tensor, "*event"]:
    """``H v`` by reverse mode over reverse mode."""
    x = x0.detach().clone()[None].requires_grad_()
    with torch.enable_grad():
        (g,) = torch.autograd.grad(log_prob(x).sum(), x, create_graph=True)
        if not g.requires_grad:  # log p is linear
            return torch.zeros_like(x0)
        (Hv,) = torch.autograd.grad((g[0] * v).sum(), x, allow_unused=True)
    return torch.zeros_like(x0) if Hv is None else Hv[0].detach()


def jacobian(function: Function, x0: Float[Tensor, "*event"]) -> Float[Tensor, "M D"]:
    """Jacobian of ``function(x[None])[0]`` at a point, one reverse pass a row: no mapping, no forward mode."""
    x = x0.detach().clone()[None].requires_grad_()
    with torch.enable_grad():
        outputs = function(x)[0].flatten()
        rows = [torch.autograd.grad(y, x, retain_graph=True, materialize_grads=True)[0].flatten() for y in outputs]
    return torch.stack(rows).detach()


@dataclass(frozen=True)
class Difference:
    """A directional derivative by finite differences, and how far it may be off."""

    value: Tensor
    error: float


def central_difference(
    function: Function, x0: Float[Tensor, "*event"], v: Float[Tensor, "*event"], largest: float
) -> Difference:
    """Derivative of a function of a batch along v at x0, by extrapolated central differences.

    Steps of `largest`, a quarter of it, a sixteenth and so on are tried. The error of each is estimated by the next
    smaller one and by round-off, and the step with the smallest error is taken.

    References
    ----------
    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982).
    """
    steps = largest * torch.tensor(STEPS, dtype=x0.dtype, device=x0.device)
    offsets = torch.cat([steps, -steps]).reshape(-1, *[1] * x0.ndim)
    forward, backward = function(x0 + offsets * v).chunk(2)
    shape = (-1, *[1] * (forward.ndim - 1))
    plain = (forward - backward) / (2 * steps.reshape(shape))
    extrapolated = (16 * plain[1:] - plain[:-1]) / 15
    size = float(forward.abs().flatten(1).max() if forward.ndim > 1 else forward.abs().max())
    errors = (extrapolated[1:] - extrapolated[:-1]).abs().reshape(len(STEPS) - 2, -1).amax(1)
    errors = errors + 8 * EPS * size / steps[2:]
    best = int(errors.nan_to_num(torch.inf).argmin())
    return Difference(extrapolated[best], float(errors[best]))
