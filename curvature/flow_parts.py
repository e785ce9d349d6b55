"""What a model offers beside log_prob: forward, inverse, samples, sigma, the promise of constant volume.

Each function raises `NotApplicableError`, saying what is missing, where the model does not offer it.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import RouteError
from curvature.not_applicable import NotApplicableError


def forward(model: Any, x: Float[Tensor, " B *event"]) -> tuple[Float[Tensor, " B *latent"], Float[Tensor, " B"]]:
    """Latents ``z = f(x)`` and log-determinants."""
    method = _method(model, "forward", "forward(x) -> (z, log_det)")
    found = method(x)
    is_pair = isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, Tensor) for part in found)
    if not is_pair:
        raise NotApplicableError("forward does not return a pair of tensors (z, log_det)")
    z, log_det = found
    if len(z) != len(x) or z[0].numel() != x[0].numel() or log_det.shape not in {x.shape[:1], ()}:
        raise NotApplicableError(
            f"forward: expected z with {x[0].numel()} entries a sample and log_det [{len(x)}], "
            f"got {tuple(z.shape)} and {tuple(log_det.shape)}"
        )
    return z, log_det.expand(len(x))


def inverse(model: Any, z: Float[Tensor, " B *latent"], like: Tensor) -> Float[Tensor, " B *event"]:
    """Events with these latents; they must be events as `like` is a batch of."""
    x = _method(model, "inverse", "inverse(z) -> x")(z)
    if not isinstance(x, Tensor) or x.shape != (len(z), *like.shape[1:]):
        got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise NotApplicableError(f"inverse: expected events {(len(z), *like.shape[1:])}, got {got}")
    return x


@torch.no_grad()
def sample(model: Any, n: int, seed: int, like: Tensor) -> Float[Tensor, " n *event"]:
    """Samples of the model, the same for the same seed, whether it takes a generator or torch's global one."""
    method = _method(model, "sample", "sample(n)")
    generator = torch.Generator(like.device).manual_seed(seed)
    devices = [like.device] if like.is_cuda else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        if _takes_generator(method):
            x = method(n, generator=generator)
        else:
            x = method(n if not isinstance(model, torch.distributions.Distribution) else (n,))
    if not isinstance(x, Tensor) or x.shape != (n, *like.shape[1:]):
        got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise NotApplicableError(f"sample({n}): expected events {(n, *like.shape[1:])}, got {got}")
    return x.to(like)


def prior_scale(model: Any) -> float:
    """Sigma of the prior N(0, sigma^2), from `prior.scale`, `prior_scale` or the description of the layers."""
    prior = getattr(model, "prior", None)
    scale = getattr(prior, "scale", getattr(model, "prior_scale", None))
    if scale is None and hasattr(model, "curvature_layers"):
        try:
            scale = model.curvature_layers().prior_scale
        except RouteError as error:
            raise NotApplicableError(f"the layers cannot be described: {error}") from error
    if scale is None:
        raise NotApplicableError("the model does not say sigma of its prior N(0, sigma^2): no prior.scale")
    sigmas = torch.as_tensor(scale, dtype=torch.float64).detach().flatten()
    centre = torch.as_tensor(getattr(prior, "loc", 0.0)).detach()
    if bool((sigmas != sigmas[0]).any()) or bool((centre != 0).any()):
        raise NotApplicableError("the prior is not N(0, sigma^2) with one sigma for all latents")
    return float(sigmas[0])


def require_constant_volume(model: Any) -> None:
    """Raise unless the model promises a constant log-determinant."""
    promise = getattr(model, "is_constant_log_det", None)
    promise = promise() if callable(promise) else promise
    if promise is None:
        raise NotApplicableError("the model does not say whether its log-determinant is constant: is_constant_log_det")
    if not promise:
        raise NotApplicableError("the model does not promise a constant log-determinant")


def is_mass(model: Any) -> bool:
    """Whether log p is that of a probability mass at the centres of 8-bit cells: `representation.cells` says so."""
    return getattr(getattr(model, "representation", None), "cells", None) == "centre"


def require_exact(model: Any) -> None:
    """Raise if log p is an estimate, as a model with `log_prob_standard_error` says of itself."""
    if hasattr(model, "log_prob_standard_error"):
        raise NotApplicableError(
            "log p is an estimate, with log_prob_standard_error, and no log density of its samples"
        )


def latent_log_prob(z: Float[Tensor, " B *latent"], sigma: float) -> Float[Tensor, " B"]:
    """``sum_i log psi(z_i)`` for psi = N(0, sigma^2)."""
    volume = z[0].numel() * math.log(sigma * math.sqrt(2 * math.pi))
    return -0.5 * (z / sigma).square().flatten(1).sum(1) - volume


def _method(model: Any, name: str, signature: str) -> Callable[..., Any]:
    method = getattr(model, name, None)
    # Every module has an attribute `forward`; it is one that raises unless the class defines another.
    if method is None or getattr(method, "__func__", None) is torch.nn.Module.forward:
        raise NotApplicableError(f"the model has no {signature}")
    found: Callable[..., Any] = method
    return found


def _takes_generator(method: Callable[..., Any]) -> bool:
    try:
        return "generator" in inspect.signature(method).parameters
    except (TypeError, ValueError):
        return False
