"""Toy flows whose gradient and Hessian are known in closed form: what every numerical route is held against.

All have constant volume and the prior N(0, sigma^2), so that H = -(1/sigma^2) [J'J + sum_i z_i Hess f_i]
(docs/theory.md, "What H is for a CV flow"). Each closed form is written out by hand, without automatic differentiation,
and nothing of `experiments` is needed.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from curvature.closed_form.channel_mixing import Mixing
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Activation, AdditiveCoupling, Dense, Flatten, PixelwiseMap

ACTIVATIONS = {"silu": nn.SiLU, "softplus": nn.Softplus, "tanh": nn.Tanh, "relu": nn.ReLU}


def first_derivative(activation: str, u: Tensor) -> Tensor:
    s = u.sigmoid()
    return {"tanh": 1 - u.tanh() ** 2, "softplus": s, "silu": s + u * s * (1 - s), "relu": (u > 0).to(u)}[activation]


def second_derivative(activation: str, u: Tensor) -> Tensor:
    s = u.sigmoid()
    return {
        "tanh": -2 * u.tanh() * (1 - u.tanh() ** 2),
        "softplus": s * (1 - s),
        "silu": s * (1 - s) * (2 + u * (1 - 2 * s)),
        "relu": torch.zeros_like(u),
    }[activation]


class ClosedFormFlow(nn.Module):
    """Base: log p and samples from `forward` and `inverse`."""

    def __init__(self, event_shape: tuple[int, ...], prior_scale: float) -> None:
        super().__init__()
        self.event_shape, self.dim, self.prior_scale = tuple(event_shape), math.prod(event_shape), prior_scale

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self(x)
        volume = self.dim * math.log(self.prior_scale * math.sqrt(2 * math.pi))
        return log_det - 0.5 * (z / self.prior_scale).square().sum(1) - volume

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return self.inverse(self.prior_scale * randn(generator, n, self.dim))


class LinearFlow(ClosedFormFlow):
    """`z = A x + b`: the Gaussian with mean `-A^{-1} b` and covariance `sigma^2 (A'A)^{-1}`."""

    def __init__(
        self, matrix: Tensor, offset: Tensor, prior_scale: float = 1.0, event_shape: tuple[int, ...] | None = None
    ) -> None:
        super().__init__((len(offset),) if event_shape is None else event_shape, prior_scale)
        self.matrix, self.offset = nn.Parameter(matrix.clone()), nn.Parameter(offset.clone())

    @classmethod
    def random(cls, event_shape: tuple[int, ...], generator: torch.Generator, prior_scale: float = 1.0) -> "LinearFlow":
        dim = math.prod(event_shape)
        return cls(random_matrix(dim, generator), randn(generator, dim), prior_scale, event_shape)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = functional.linear(x.flatten(1), self.matrix, self.offset)
        return z, torch.linalg.slogdet(self.matrix).logabsdet.expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        return torch.linalg.solve(self.matrix, (z - self.offset).mT).mT.reshape(-1, *self.event_shape)

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        layers = (Flatten(self.event_shape), Dense(self.matrix.detach(), self.offset.detach()))
        log_det = float(torch.linalg.slogdet(self.matrix).logabsdet)
        return LayeredFlow(self.event_shape, layers, self.prior_scale, log_det)

    def mean(self) -> Tensor:
        return -torch.linalg.solve(self.matrix, self.offset).reshape(self.event_shape)

    def covariance(self) -> Tensor:
        inverse = torch.linalg.inv(self.matrix)
        return self.prior_scale**2 * inverse @ inverse.mT

    def gradient(self, x: Tensor) -> Tensor:
        """`-(1/sigma^2) A'(A x + b)`."""
        return -(self(x)[0] @ self.matrix).reshape(x.shape) / self.prior_scale**2

    def hessian(self) -> Tensor:
        """`-(1/sigma^2) A'A`, the same everywhere."""
        return -self.matrix.mT @ self.matrix / self.prior_scale**2


class MixingFlow(ClosedFormFlow):
    """1x1 convolutions alone, `z = U x` at every pixel with `U = U_K ... U_1`; kernels `[K, C, C]`."""

    def __init__(self, kernels: Tensor, size: tuple[int, int], prior_scale: float = 1.0) -> None:
        super().__init__((kernels.shape[1], *size), prior_scale)
        self.kernels = nn.Parameter(kernels.clone())

    @classmethod
    def random(
        cls, event_shape: tuple[int, int, int], steps: int, generator: torch.Generator, prior_scale: float = 1.0
    ) -> "MixingFlow":
        channels, height, width = event_shape
        kernels = torch.stack([random_matrix(channels, generator) for _ in range(steps)])
        return cls(kernels, (height, width), prior_scale)

    def product(self) -> Tensor:
        product = self.kernels[0]
        for kernel in self.kernels[1:]:
            product = kernel @ product
        return product

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_det = torch.linalg.slogdet(self.kernels).logabsdet.sum() * (x.shape[-2] * x.shape[-1])
        for kernel in self.kernels:
            x = functional.conv2d(x, kernel[:, :, None, None])
        return x.flatten(1), log_det.expand(len(x))

    def inverse(self, z: Tensor) -> Tensor:
        pixels = z.reshape(len(z), self.event_shape[0], -1)
        return torch.linalg.solve(self.product(), pixels).reshape(-1, *self.event_shape)

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        layers = tuple(PixelwiseMap(kernel) for kernel in self.kernels.detach())
        log_det = float(torch.linalg.slogdet(self.kernels).logabsdet.sum()) * math.prod(self.event_shape[1:])
        return LayeredFlow(self.event_shape, layers, self.prior_scale, log_det)

    @torch.no_grad()
    def channel_mixings(self) -> list[Mixing]:
        ones = torch.ones_like(self.kernels[0, 0])
        return [Mixing(0, step, kernel.clone(), ones) for step, kernel in enumerate(self.kernels)]

    def gradient(self, x: Tensor) -> Tensor:
        """`-(1/sigma^2) U'U x` at every pixel."""
        product = self.product()
        return -torch.einsum("dc,de,behw->bchw", product, product, x) / self.prior_scale**2

    def hessian(self) -> Tensor:
        """`-(1/sigma^2) U'U (x) I_HW`: the exact coefficient of channel c is `||U e_c||^2`."""
        product = self.product()
        pixels = torch.eye(math.prod(self.event_shape[1:]), dtype=product.dtype)
        return -torch.kron(product.mT @ product, pixels) / self.prior_scale**2


class CouplingFlow(ClosedFormFlow):
    """A linear map, then one nonlinear additive coupling with one hidden layer.

    `h = A x + b`, `z1 = h1`, `z2 = h2 + V a(W h1 + c)`; `h1` is the first half of `h`, the smaller one where D is odd.
    """

    def __init__(
        self, linear: LinearFlow, inner: Tensor, bias: Tensor, outer: Tensor, activation: str = "silu"
    ) -> None:
        super().__init__(linear.event_shape, linear.prior_scale)
        self.linear = linear
        self.inner, self.bias, self.outer = (nn.Parameter(weight.clone()) for weight in (inner, bias, outer))
        self.activation = ACTIVATIONS[activation]()
        self.activation_name = activation

    @classmethod
    def random(
        cls,
        event_shape: tuple[int, ...],
        hidden: int,
        generator: torch.Generator,
        activation: str = "silu",
        prior_scale: float = 1.0,
    ) -> "CouplingFlow":
        linear = LinearFlow.random(event_shape, generator, prior_scale)
        half = linear.dim // 2
        inner = randn(generator, hidden, half) / math.sqrt(max(half, 1))
        outer = randn(generator, linear.dim - half, hidden) / math.sqrt(hidden)
        return cls(linear, inner, randn(generator, hidden), outer, activation)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h, log_det = self.linear(x)
        return h + self._shift(h), log_det

    def inverse(self, z: Tensor) -> Tensor:
        return self.linear.inverse(z - self._shift(z))

    def curvature_layers(self) -> LayeredFlow:
        network = (
            Dense(self.inner.detach(), self.bias.detach()),
            Activation.at(self.activation, level=0, step=0, layer=0),
            Dense(self.outer.detach()),
        )
        linear = self.linear.curvature_layers()
        layers = (*linear.layers, AdditiveCoupling(self.dim // 2, network))
        return LayeredFlow(self.event_shape, layers, self.prior_scale, linear.log_det)

    def jacobian(self, x: Tensor) -> Tensor:
        """`J = [[I, 0], [V diag(a'(u)) W, I]] A` with `u = W h1 + c`."""
        u = self._preactivation(self.linear(x)[0])
        half = self.dim // 2
        slope = first_derivative(self.activation_name, u)
        lower = torch.einsum("im,bm,mj->bij", self.outer, slope, self.inner)
        below = functional.pad(lower, (0, self.dim - half, half, 0))
        return self.linear.matrix + below @ self.linear.matrix

    def gradient(self, x: Tensor) -> Tensor:
        """`-(1/sigma^2) J'z`."""
        z, _ = self(x)
        return -torch.einsum("bij,bi->bj", self.jacobian(x), z).reshape(x.shape) / self.prior_scale**2

    def hessian(self, x: Tensor) -> Tensor:
        """`-(1/sigma^2) [J'J + G' diag(lam a''(u)) G]`: `lam = V'z2`, `G = W A1` (A1: top rows)."""
        half = self.dim // 2
        u = self._preactivation(self.linear(x)[0])
        lam = self(x)[0][:, half:] @ self.outer
        G = self.inner @ self.linear.matrix[:half]
        J = self.jacobian(x)
        bend = second_derivative(self.activation_name, u)
        second_order = torch.einsum("mi,bm,mj->bij", G, lam * bend, G)
        return -(J.mT @ J + second_order) / self.prior_scale**2

    def _preactivation(self, h: Tensor) -> Tensor:
        """`u = W h1 + c`; `h1` is the same before and after the coupling."""
        return functional.linear(h[:, : self.dim // 2], self.inner, self.bias)

    def _shift(self, h: Tensor) -> Tensor:
        """`(0, V a(W h1 + c))`."""
        return functional.pad(self.activation(self._preactivation(h)) @ self.outer.mT, (self.dim // 2, 0))


def randn(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def random_matrix(dim: int, generator: torch.Generator) -> Tensor:
    """A rotation, a diagonal with entries of size 0.5 to 2, and another rotation: condition number at most 4."""
    left, right = (torch.linalg.qr(randn(generator, dim, dim)).Q for _ in range(2))
    scales = 2 ** (2 * torch.rand(dim, generator=generator, dtype=torch.float64) - 1)
    return left @ torch.diag(scales) @ right
