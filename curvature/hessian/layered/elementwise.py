"""Elementwise activations s with their first two derivatives s' and s'', which eqs. 60 to 63 of docs/theory.md use.

Closed forms for the common modules; any other elementwise module is differentiated twice in reverse.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Jet = tuple[Float[Tensor, "*h"], Float[Tensor, "*h"], Float[Tensor, "*h"]]
"""``s(h), s'(h), s''(h)``, new tensors."""


def derivatives(module: nn.Module, h: Float[Tensor, "*h"]) -> Jet:
    """Return ``s(h), s'(h), s''(h)`` of an elementwise module, by closed form where one is known."""
    return CLOSED_FORMS.get(type(module), reverse_twice)(module, h)


def reverse_twice(module: nn.Module, h: Float[Tensor, "*h"]) -> Jet:
    """Differentiate any elementwise module twice in reverse mode, through the sum of its outputs."""
    with torch.enable_grad():
        h = h.detach().clone().requires_grad_()
        a = module(h)
        if not a.requires_grad:
            return a, torch.zeros_like(h), torch.zeros_like(h)
        (first,) = torch.autograd.grad(a.sum(), h, create_graph=True)
        if not first.requires_grad:
            return a.detach(), first, torch.zeros_like(h)
        (second,) = torch.autograd.grad(first.sum(), h, allow_unused=True)
    return a.detach(), first.detach(), torch.zeros_like(h) if second is None else second


def is_elementwise(module: nn.Module, h: Float[Tensor, "*h"]) -> bool:
    """Whether the module maps every entry of h independently of the others, unlike pooling or softmax."""
    try:
        alone, together = module(h.reshape(-1, 1).clone()), module(h.clone())
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError):
        return False
    if not isinstance(together, Tensor) or together.shape != h.shape or alone.numel() != h.numel():
        return False
    return bool(torch.allclose(alone.reshape(h.shape), together, equal_nan=True))


def _silu(_: nn.Module, h: Tensor) -> Jet:
    sigmoid = torch.sigmoid(h)
    s = h * sigmoid
    rest = 1 - sigmoid
    return s, sigmoid + s * rest, sigmoid * rest * (2 + h - 2 * s)


def _softplus(module: nn.Module, h: Tensor) -> Jet:
    beta, threshold = float(module.beta), float(module.threshold)  # type: ignore[arg-type]
    sigmoid = torch.sigmoid(beta * h)
    # Beyond the threshold torch's softplus IS the identity, so its derivatives are too.
    linear = beta * h > threshold
    second = (beta * sigmoid * (1 - sigmoid)).masked_fill_(linear, 0)
    return functional.softplus(h, beta, threshold), sigmoid.masked_fill(linear, 1), second


def _tanh(_: nn.Module, h: Tensor) -> Jet:
    s = torch.tanh(h)
    first = 1 - s * s
    return s, first, -2 * s * first


def _sigmoid(_: nn.Module, h: Tensor) -> Jet:
    s = torch.sigmoid(h)
    first = s * (1 - s)
    return s, first, first * (1 - 2 * s)


def _gelu(module: nn.Module, h: Tensor) -> Jet:
    if module.approximate != "none":
        return _gelu_by_tanh(module, h)
    normal = torch.exp(-0.5 * h * h) * 0.3989422804014327  # density of N(0, 1)
    return functional.gelu(h), torch.special.ndtr(h) + h * normal, normal * (2 - h * h)


def _gelu_by_tanh(_: nn.Module, h: Tensor) -> Jet:
    """``h/2 (1 + tanh u)`` with ``u = sqrt(2/pi) (h + 0.044715 h^3)``."""
    c, k = 0.7978845608028654, 0.044715
    t = torch.tanh(c * (h + k * h**3))
    u1, u2 = c * (1 + 3 * k * h * h), 6 * c * k * h
    t1 = (1 - t * t) * u1
    t2 = (1 - t * t) * (u2 - 2 * t * u1 * u1)
    return 0.5 * h * (1 + t), 0.5 * (1 + t + h * t1), t1 + 0.5 * h * t2


def _mish(_: nn.Module, h: Tensor) -> Jet:
    """``h tanh(softplus h)``."""
    sigmoid = torch.sigmoid(h)
    t = torch.tanh(functional.softplus(h))
    t1 = (1 - t * t) * sigmoid
    t2 = (1 - t * t) * sigmoid * (1 - sigmoid - 2 * t * sigmoid)
    return h * t, t + h * t1, 2 * t1 + h * t2


def _relu(_: nn.Module, h: Tensor) -> Jet:
    return functional.relu(h), (h > 0).to(h.dtype), torch.zeros_like(h)


def _leaky_relu(module: nn.Module, h: Tensor) -> Jet:
    slope = torch.ones_like(h).masked_fill_(h <= 0, module.negative_slope)  # type: ignore[arg-type]
    return h * slope, slope, torch.zeros_like(h)


def _elu(module: nn.Module, h: Tensor) -> Jet:
    alpha = float(module.alpha)  # type: ignore[arg-type]
    below = alpha * torch.exp(h.clamp_max(0))
    positive = h > 0
    return functional.elu(h, alpha), below.masked_fill(positive, 1), below.masked_fill(positive, 0)


CLOSED_FORMS: dict[type[nn.Module], Callable[[nn.Module, Tensor], Jet]] = {
    nn.SiLU: _silu,
    nn.Softplus: _softplus,
    nn.Tanh: _tanh,
    nn.Sigmoid: _sigmoid,
    nn.GELU: _gelu,
    nn.Mish: _mish,
    nn.ReLU: _relu,
    nn.LeakyReLU: _leaky_relu,
    nn.ELU: _elu,
}
"""By the exact type of the module: a subclass may compute something else."""
