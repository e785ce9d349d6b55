"""Second derivatives of log p, by whichever order of differentiation its operations allow (theory.md, section 2).

Reverse mode computes the gradient, and forward mode differentiates the gradient; nested forward mode fails on some
fused operations (`silu_backward`). Where an operation has no forward derivative, or cannot be transformed at all, plain
autograd differentiates twice in reverse.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import grad, grad_and_value, jvp, vmap

LogProb = Callable[[Tensor], Tensor]

MAPPED = "forward-over-reverse"
"""The tangents are mapped, and the primal is computed once."""
BATCHED = "forward-over-reverse, batched"
"""The primal is repeated for every tangent, for operations that cannot be mapped."""
REVERSE = "reverse-over-reverse"
"""Plain autograd, for operations without forward derivative and for those that function transforms refuse."""
DIFFERENTIATIONS = (MAPPED, BATCHED, REVERSE)
"""From the fastest to the most general."""
DIFFERENTIATIONS_OF_ATTENTION = (REVERSE, MAPPED, BATCHED)
"""The same for attention by its plain kernel: forward mode takes 1.0 to 1.9 times as long for products with H, and 1.7
to 2.5 times as long along paths (transformer flows, D = 192, 784 and 3072, one CPU thread)."""


@lru_cache
def load_forward_mode() -> None:
    """Load torch's forward mode quietly: its first use calls a function that torch itself has deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))


@contextmanager
def slow_batching_allowed() -> Iterator[None]:
    """Silence torch's warning that it maps an operation, such as `mish_backward`, by a loop: right, but slower."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="There is a performance drop", category=UserWarning)
        yield


@torch.no_grad()
def value_and_gradient(
    log_prob: LogProb, x0: Float[Tensor, "*event"]
) -> tuple[Float[Tensor, ""], Float[Tensor, "*event"]]:
    """Return log p and its gradient at one event."""
    if _differentiation_of(log_prob) == REVERSE:
        value, g = _reverse_gradient(log_prob, x0[None])
        return value.detach()[0], g.detach()[0]
    g, value = grad_and_value(lambda x: log_prob(x[None])[0])(x0)
    return value, g


def hessian_vector_products(
    log_prob: LogProb, x0: Float[Tensor, "*event"], v: Float[Tensor, " R *event"], chunk: int
) -> Iterator[Float[Tensor, " r *event"]]:
    """Yield ``H(x0) v`` for the rows of v, `chunk` rows at a time."""
    load_forward_mode()
    mapped = _differentiation_of(log_prob) == MAPPED
    g = grad(lambda x: log_prob(x[None])[0])
    H = vmap(lambda u: jvp(g, (x0,), (u,))[1])
    for rows in v.split(chunk):
        with torch.no_grad(), slow_batching_allowed():
            Hv = H(rows) if mapped else _products_at(log_prob, x0.expand_as(rows).clone(), rows)
        yield Hv


@torch.no_grad()
def directional_curvature(
    log_prob: LogProb, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]
) -> Float[Tensor, " B"]:
    """Return ``d' H(x) d`` for every row of x and d."""
    return _dot(_products_at(log_prob, x, d), d)


@torch.no_grad()
def directional_slope(
    log_prob: LogProb, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]
) -> Float[Tensor, " B"]:
    """Return ``grad log p(x) . d`` for every row of x and d."""
    if _differentiation_of(log_prob) == REVERSE:
        return _dot(_reverse_gradient(log_prob, x)[1].detach(), d)
    return _dot(grad(_total(log_prob))(x), d)


def _differentiation_of(log_prob: LogProb) -> str:
    return getattr(log_prob, "differentiation", MAPPED)


def _products_at(
    log_prob: LogProb, x: Float[Tensor, " B *event"], v: Float[Tensor, " B *event"]
) -> Float[Tensor, " B *event"]:
    """``H(x) v`` for every row of x and v.

    The samples are independent, so the gradient of the sum over the batch contains each sample's own gradient, and one
    Jacobian-vector product differentiates it along all directions at once: a few times the cost of log p.
    """
    if _differentiation_of(log_prob) == REVERSE:
        return _reverse_products(log_prob, x, v)
    load_forward_mode()
    Hv: Tensor = jvp(grad(_total(log_prob)), (x,), (v,))[1]
    return Hv


def _total(log_prob: LogProb) -> LogProb:
    def total(x: Tensor) -> Tensor:
        return log_prob(x).sum()

    return total


@torch.enable_grad()
def _reverse_gradient(log_prob: LogProb, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Tensor]:
    x = x.detach().clone().requires_grad_()
    values = log_prob(x)
    return values, _derivative(values.sum(), x)


@torch.enable_grad()
def _reverse_products(log_prob: LogProb, x: Tensor, v: Tensor) -> Tensor:
    x = x.detach().clone().requires_grad_()
    g = _derivative(log_prob(x).sum(), x, create_graph=True)
    return _derivative((g * v).sum(), x)


def _derivative(total: Tensor, x: Tensor, create_graph: bool = False) -> Tensor:
    """Gradient of a number, by plain autograd; zero where it does not depend on x, as of a constant part of log p."""
    if not total.requires_grad:
        return torch.zeros_like(x)
    (found,) = torch.autograd.grad(total, x, create_graph=create_graph, allow_unused=True)
    return torch.zeros_like(x) if found is None else found


def _dot(a: Float[Tensor, " B *event"], b: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    return (a * b).flatten(1).sum(1) if a.ndim > 1 else a * b
