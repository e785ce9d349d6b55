"""Activations by name, always as `nn.Module` instances so that hooks can find them."""

from torch import nn

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
