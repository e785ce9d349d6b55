"""A first look at a log density: that it can be evaluated, and differentiated twice, before anything is computed.

Every mistake that would give wrong numbers, or an error of torch's from deep inside, is told here in one line.
"""

import warnings
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.callables import missing_argument
from curvature.errors import ModelWarning, OptionError, ShapeError, StochasticError, ToolkitError
from curvature.hessian.derivative_check import require_own_derivatives
from curvature.hessian.derivatives import (
    DIFFERENTIATIONS,
    DIFFERENTIATIONS_OF_ATTENTION,
    hessian_vector_products,
)
from curvature.hessian.independence import require_independent_samples
from curvature.hessian.operations import Operations, operations_of
from curvature.precision import LogDensity
from curvature.preconditions import channels_last_advice

FOREIGN_ERRORS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
FAR = (1e2, 1e3)
"""Distances from x0, in units of its own size and 1, at which a log density has fallen."""


def inspected(density: LogDensity, x0: Float[Tensor, "*event"]) -> LogDensity:
    """Look at a density at one point; return it with the way to differentiate it.

    Raises
    ------
    ShapeError
        If x0 is a batch of events.
    OptionError
        If the function fails on x0, asks for more than x, or changes its input.
    StochasticError
        If two calls differ.
    BatchMixingError
        If log p of a sample depends on the others in its batch.
    GradientError
        If its derivatives are not those of log p.
    DtypeError
        If it does not compute in the density's precision.

    Warns
    -----
    ModelWarning
        If it computes in a lower precision inside, or looks like bits per dimension or a negative log-likelihood.
    """
    if density.is_inspected:
        return density
    value, operations = _first_look(density, x0)
    if not bool(value.isfinite()):
        return density  # who asked will say which quantity is not finite
    density = replace(density, math_attention=operations.has_fused_attention)
    _require_repeatable(density, x0, value)
    require_independent_samples(density, x0, float(value))
    density = replace(density, differentiation=_differentiation_of(density, x0), is_inspected=True)
    require_own_derivatives(density, x0, operations)
    if operations.lower_precision:
        lower = " and ".join(sorted(operations.lower_precision))
        _warn(
            f"computes in {lower} inside although its input is {density.dtype}: derivatives have no more digits than "
            "that; remove the casts (.float(), autocast) for exact ones"
        )
    _warn_of_bits_per_dim(density, x0, value)
    return density


def _first_look(density: LogDensity, x0: Tensor) -> tuple[Tensor, Operations]:
    """Evaluate log p at x0 on a copy that may be changed, and tell a failure in words."""
    x = x0[None].clone().requires_grad_().clone()
    try:
        log_p, operations = operations_of(density, x)
    except FOREIGN_ERRORS as error:
        if _is_batch(density, x0):
            raise ShapeError(
                f"expansion point: got a batch of {len(x0)} events of shape {tuple(x0.shape[1:])}; "
                "pass one event, such as its mean: at=x.mean(0)"
            ) from error
        if isinstance(error, ToolkitError):
            raise
        raise OptionError(f"log_prob: {_failure(error, x)}") from error
    if not torch.equal(x.detach(), x0[None]):
        raise OptionError(
            "log_prob: changes its input in place; write x = x.clone() first, or x = 2 * x instead of x.mul_(2)"
        )
    if not log_p.requires_grad:
        raise OptionError("log_prob: passes no gradient to x; remove torch.no_grad() or detach() inside it")
    return log_p.detach()[0], operations


def _failure(error: Exception, x: Tensor) -> str:
    """Say why a call failed, and what the usual remedy is."""
    argument = missing_argument(error) if isinstance(error, TypeError) else None
    if argument is not None:
        return (
            f"asks for {argument!r} besides x; hold it fixed: functools.partial(model.log_prob, {argument}=...), "
            "with a tensor of as many rows as the batch, or one that broadcasts"
        )
    reason = str(error).splitlines()[0] if str(error) else "without a message"
    return (
        f"fails on a batch of shape {tuple(x.shape)} ({type(error).__name__}: {reason}); it must map [B, *event] to "
        f"[B], with events as the model takes them{channels_last_advice(x.shape[1:])}"
    )


def _is_batch(density: LogDensity, x0: Tensor) -> bool:
    """Whether x0 as a whole is what the density takes."""
    if x0.ndim < 2:
        return False
    try:
        with torch.no_grad():
            density(x0.clone())
    except FOREIGN_ERRORS:
        return False
    return True


@torch.no_grad()
def _require_repeatable(density: LogDensity, x0: Tensor, value: Tensor) -> None:
    again = density(x0[None])[0]
    allowed = torch.finfo(x0.dtype).eps ** 0.5 * (abs(float(value)) + x0.numel())
    # Below 1e-8 of log p another order of summation, or another kernel, may be the reason.
    if abs(float(again - value)) > allowed:
        raise StochasticError(
            f"log_prob: two calls at the same x differ (by {abs(float(again - value)):.3g} nats): the model draws "
            "random numbers inside; draw them once outside and hold them fixed"
        )


def _differentiation_of(density: LogDensity, x0: Tensor) -> str:
    """Find the fastest order of differentiation that all operations of the density allow."""
    v = torch.ones_like(x0)[None]
    failures: list[Exception] = []
    for name in DIFFERENTIATIONS_OF_ATTENTION if density.math_attention else DIFFERENTIATIONS:
        try:
            next(hessian_vector_products(replace(density, differentiation=name), x0, v, 1))
        except FOREIGN_ERRORS as error:
            failures.append(error)
            continue
        return name
    last = failures[-1]
    reason = str(last).splitlines()[0] if str(last) else type(last).__name__
    raise OptionError(f"log_prob: cannot be differentiated twice ({reason})") from last


@torch.no_grad()
def _warn_of_bits_per_dim(density: LogDensity, x0: Tensor, value: Tensor) -> None:
    """Warn of a positive value that rises away from x0, where a log density falls."""
    if float(value) <= 0:
        return
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64).to(x0)
    try:
        near, far = (float(density((x0 + r * (1 + x0.abs()) * noise)[None])[0]) for r in FAR)
    except FOREIGN_ERRORS:
        return  # outside its support it may do anything
    if float(value) < near < far < float("inf"):
        _warn(
            f"is {float(value):.4g} at the expansion point and rises away from it: this looks like bits per dimension "
            "or a negative log-likelihood; return log p in nats"
        )


def _warn(message: str) -> None:
    warnings.warn(f"log_prob: {message}", ModelWarning, stacklevel=2)
