"""Activations by name, always as `nn.Module` instances so that hooks can find them; derivatives of some."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from experiments.models.config import ActivationName

_ACTIVATIONS: dict[ActivationName, type[nn.Module]] = {
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "relu": nn.ReLU,
}


def make_activation(name: ActivationName) -> nn.Module:
    """Return a new activation module, never shared between layers: hooks then tell the layers apart."""
    return _ACTIVATIONS[name]()


def _tanh_first(u: Tensor) -> Tensor:
    return 1 - u.tanh() ** 2


def _tanh_second(u: Tensor) -> Tensor:
    return -2 * u.tanh() * (1 - u.tanh() ** 2)


def _softplus_second(u: Tensor) -> Tensor:
    return u.sigmoid() * (1 - u.sigmoid())


def _silu_first(u: Tensor) -> Tensor:
    s = u.sigmoid()
    return s + u * s * (1 - s)


def _silu_second(u: Tensor) -> Tensor:
    s = u.sigmoid()
    return s * (1 - s) * (2 + u * (1 - 2 * s))


def _relu_first(u: Tensor) -> Tensor:
    return (u > 0).to(u.dtype)


# First and second derivative by hand, for the closed forms of the toy flows.
DERIVATIVES: dict[ActivationName, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "tanh": (_tanh_first, _tanh_second),
    "softplus": (torch.sigmoid, _softplus_second),
    "silu": (_silu_first, _silu_second),
    "relu": (_relu_first, torch.zeros_like),
}
