"""Second derivatives of log p by forward-over-reverse differentiation (docs/theory.md, section 2).

Reverse mode computes the gradient, and forward mode differentiates the gradient. This works for every operation; nested
forward mode fails on some fused ones (`silu_backward`).
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
    g, value = grad_and_value(lambda x: log_prob(x[None])[0])(x0)
    return value, g


def hessian_vector_products(
    log_prob: LogProb, x0: Float[Tensor, "*event"], v: Float[Tensor, " R *event"], chunk: int
) -> Iterator[Float[Tensor, " r *event"]]:
    """Yield ``H(x0) v`` for the rows of v, `chunk` rows at a time; the gradient at x0 is shared by all of them."""
    load_forward_mode()
    g = grad(lambda x: log_prob(x[None])[0])
    H = vmap(lambda u: jvp(g, (x0,), (u,))[1])
    for rows in v.split(chunk):
        with torch.no_grad(), slow_batching_allowed():
            Hv = H(rows)
        yield Hv


@torch.no_grad()
def directional_curvature(
    log_prob: LogProb, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]
) -> Float[Tensor, " B"]:
    """Return ``d' H(x) d`` for every row of x and d.

    The samples are independent, so the gradient of the sum over the batch contains each sample's own gradient, and one
    Jacobian-vector product differentiates it along all directions at once: a few times the cost of log p.
    """
    load_forward_mode()

    def total(y: Tensor) -> Tensor:
        return log_prob(y).sum()

    Hd = jvp(grad(total), (x,), (d,))[1]
    return (Hd * d).flatten(1).sum(1) if d.ndim > 1 else Hd * d
