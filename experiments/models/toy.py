"""Toy flows whose gradient and Hessian are known in closed form: what every numerical route is held against.

All have constant volume and the prior N(0, sigma^2), so that H = -(1/sigma^2) [J'J + sum_i z_i Hess f_i]
(docs/theory.md, "What H is for a CV flow"). Each closed form is written out by hand, without automatic differentiation.
"""

import copy
import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.closed_form.channel_mixing import Mixing
from curvature.errors import ShapeError
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Activation, AdditiveCoupling, Dense, Flatten, PixelwiseMap
from curvature.names import require_known
from experiments.models.activations import DERIVATIVES, make_activation
from experiments.models.config import ActivationName
from experiments.models.flow import Flow
from experiments.models.prior import GaussianPrior


class LinearFlow(Flow):
    """Linear flow `z = A x + b`: the Gaussian with mean `-A^{-1} b` and covariance `sigma^2 (A'A)^{-1}`.

    Parameters
    ----------
    matrix : Tensor [D, D]
        `A`, invertible; its dtype is the model's.
    offset : Tensor [D]
        `b`.
    prior_scale : float
        `sigma`.
    event_shape : tuple of int, optional
        Shape of one event with D entries, (D,) if left out.

    Raises
    ------
    ShapeError
        The sizes do not fit each other.
    """

    def __init__(
        self, matrix: Tensor, offset: Tensor, prior_scale: float = 1.0, event_shape: tuple[int, ...] | None = None
    ) -> None:
        dim = len(offset)
        event_shape = (dim,) if event_shape is None else tuple(event_shape)
        if tuple(matrix.shape) != (dim, dim) or math.prod(event_shape) != dim:
            raise ShapeError(f"A {tuple(matrix.shape)}, b ({dim},) and events {event_shape} do not fit each other.")
        super().__init__(event_shape, GaussianPrior(scale=prior_scale, dtype=matrix.dtype))
        self.matrix = nn.Parameter(matrix.clone())
        self.offset = nn.Parameter(offset.clone())

    @classmethod
    def random(cls, event_shape: tuple[int, ...], generator: torch.Generator, prior_scale: float = 1.0) -> "LinearFlow":
        """Draw a well-conditioned flow in float64."""
        dim = math.prod(event_shape)
        return cls(_random_matrix(dim, generator), _randn(generator, dim), prior_scale, event_shape)

    @property
    def is_constant_log_det(self) -> bool:
        """Always: a linear map."""
        return True

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Return `A x + b` and `log|det A|`."""
        self.require_events(x)
        z = functional.linear(x.flatten(1), self.matrix, self.offset)
        return z, torch.linalg.slogdet(self.matrix).logabsdet.expand(len(x))

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, " B *event"]:
        """Return `A^{-1} (z - b)`."""
        self.require_latents(z)
        return torch.linalg.solve(self.matrix, (z - self.offset).mT).mT.reshape(-1, *self.event_shape)

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        """Describe the flow layer by layer."""
        layers = (Flatten(self.event_shape), Dense(self.matrix.detach(), self.offset.detach()))
        log_det = float(torch.linalg.slogdet(self.matrix).logabsdet)
        return LayeredFlow(self.event_shape, layers, float(self.prior.scale), log_det)

    def mean(self) -> Float[Tensor, " *event"]:
        """Mean of the model, `-A^{-1} b`."""
        return -torch.linalg.solve(self.matrix, self.offset).reshape(self.event_shape)

    def covariance(self) -> Float[Tensor, "D D"]:
        """Covariance of the model, `sigma^2 (A'A)^{-1}`."""
        inverse = torch.linalg.inv(self.matrix)
        return self.prior.scale**2 * inverse @ inverse.mT

    def gradient(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B *event"]:
        """Gradient of log p, `-(1/sigma^2) A'(A x + b)`."""
        return -(self(x)[0] @ self.matrix).reshape(x.shape) / self.prior.scale**2

    def hessian(self) -> Float[Tensor, "D D"]:
        """Hessian of log p, `-(1/sigma^2) A'A`, the same everywhere."""
        return -self.matrix.mT @ self.matrix / self.prior.scale**2


class MixingFlow(Flow):
    """Flow of 1x1 convolutions alone, `z = U x` at every pixel with `U = U_K ... U_1`.

    The log-determinant is `H W log|det U|`.

    Parameters
    ----------
    kernels : Tensor [K, C, C]
        `U_1` to `U_K`, invertible; the dtype is the model's.
    size : tuple of int
        Height and width (H, W) of the images.
    prior_scale : float
        `sigma`.
    """

    def __init__(self, kernels: Tensor, size: tuple[int, int], prior_scale: float = 1.0) -> None:
        if kernels.ndim != 3 or kernels.shape[1] != kernels.shape[2] or len(kernels) < 1:
            raise ShapeError(f"Expected kernels of shape (K, C, C), got {tuple(kernels.shape)}.")
        super().__init__((kernels.shape[1], *size), GaussianPrior(scale=prior_scale, dtype=kernels.dtype))
        self.kernels = nn.Parameter(kernels.clone())

    @classmethod
    def random(
        cls, event_shape: tuple[int, int, int], steps: int, generator: torch.Generator, prior_scale: float = 1.0
    ) -> "MixingFlow":
        """Draw well-conditioned kernels in float64."""
        channels, height, width = event_shape
        kernels = torch.stack([_random_matrix(channels, generator) for _ in range(steps)])
        return cls(kernels, (height, width), prior_scale)

    @property
    def is_constant_log_det(self) -> bool:
        """Always: a linear map."""
        return True

    def product(self) -> Float[Tensor, " C C"]:
        """`U = U_K ... U_1`."""
        product = self.kernels[0]
        for kernel in self.kernels[1:]:
            product = kernel @ product
        return product

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Apply the kernels one after the other."""
        self.require_events(x)
        log_det = torch.linalg.slogdet(self.kernels).logabsdet.sum() * (x.shape[-2] * x.shape[-1])
        for kernel in self.kernels:
            x = functional.conv2d(x, kernel[:, :, None, None])
        return x.flatten(1), log_det.expand(len(x))

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, "B C H W"]:
        """Apply `U^{-1}` to every pixel."""
        self.require_latents(z)
        pixels = z.reshape(len(z), self.event_shape[0], -1)
        return torch.linalg.solve(self.product(), pixels).reshape(-1, *self.event_shape)

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        """Describe the flow layer by layer."""
        layers = tuple(PixelwiseMap(kernel) for kernel in self.kernels.detach())
        log_det = float(torch.linalg.slogdet(self.kernels).logabsdet.sum()) * math.prod(self.event_shape[1:])
        return LayeredFlow(self.event_shape, layers, float(self.prior.scale), log_det)

    @torch.no_grad()
    def channel_mixings(self) -> list[Mixing]:
        """Return the kernels; there is no actnorm, so every scale is one."""
        ones = torch.ones_like(self.kernels[0, 0])
        return [Mixing(0, step, kernel.clone(), ones) for step, kernel in enumerate(self.kernels)]

    def gradient(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Gradient of log p, `-(1/sigma^2) U'U x` at every pixel."""
        product = self.product()
        return -torch.einsum("dc,de,behw->bchw", product, product, x) / self.prior.scale**2

    def hessian(self) -> Float[Tensor, "D D"]:
        """Hessian of log p, `-(1/sigma^2) U'U (x) I_HW`: the exact coefficient of channel c is `||U e_c||^2`."""
        product = self.product()
        pixels = torch.eye(math.prod(self.event_shape[1:]), dtype=product.dtype, device=product.device)
        return -torch.kron(product.mT @ product, pixels) / self.prior.scale**2


class CouplingFlow(Flow):
    """A linear map, then one nonlinear additive coupling with one hidden layer.

    `h = A x + b`, `z1 = h1`, `z2 = h2 + V a(W h1 + c)`; `h1` is the first half of `h`, the smaller one where D is odd.

    Parameters
    ----------
    linear : LinearFlow
        Gives `A`, `b`, `sigma` and the event's shape.
    inner, bias, outer : Tensor [M, D//2], [M], [D - D//2, M]
        `W`, `c` and `V`.
    activation : str
        Name of `a`: one of those whose derivatives are written out here (silu, softplus, tanh, relu).
    """

    def __init__(
        self, linear: LinearFlow, inner: Tensor, bias: Tensor, outer: Tensor, activation: ActivationName = "silu"
    ) -> None:
        require_known("activation", activation, tuple(DERIVATIVES))
        dim = linear.dim
        if inner.shape != (len(bias), dim // 2) or outer.shape != (dim - dim // 2, len(bias)):
            raise ShapeError(f"W {tuple(inner.shape)}, c ({len(bias)},), V {tuple(outer.shape)} do not fit D = {dim}.")
        super().__init__(linear.event_shape, copy.deepcopy(linear.prior))
        self.linear = linear
        self.inner = nn.Parameter(inner.clone())
        self.bias = nn.Parameter(bias.clone())
        self.outer = nn.Parameter(outer.clone())
        self.activation = make_activation(activation)
        self.activation_name = activation

    @classmethod
    def random(
        cls,
        event_shape: tuple[int, ...],
        hidden: int,
        generator: torch.Generator,
        activation: ActivationName = "silu",
        prior_scale: float = 1.0,
    ) -> "CouplingFlow":
        """Draw a well-conditioned flow of `hidden` units in float64."""
        linear = LinearFlow.random(event_shape, generator, prior_scale)
        half = linear.dim // 2
        inner = _randn(generator, hidden, half) / math.sqrt(max(half, 1))
        outer = _randn(generator, linear.dim - half, hidden) / math.sqrt(hidden)
        return cls(linear, inner, _randn(generator, hidden), outer, activation)

    @property
    def is_constant_log_det(self) -> bool:
        """Always: linear map and additive coupling."""
        return True

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Apply the linear map, then the coupling."""
        h, log_det = self.linear(x)
        return h + self._shift(h), log_det

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, " B *event"]:
        """Undo the coupling, then the linear map."""
        self.require_latents(z)
        return self.linear.inverse(z - self._shift(z))

    def curvature_layers(self) -> LayeredFlow:
        """Describe the flow layer by layer."""
        network = (
            Dense(self.inner.detach(), self.bias.detach()),
            Activation.at(self.activation, level=0, step=0, layer=0),
            Dense(self.outer.detach()),
        )
        linear = self.linear.curvature_layers()
        layers = (*linear.layers, AdditiveCoupling(self.dim // 2, network))
        return LayeredFlow(self.event_shape, layers, float(self.prior.scale), linear.log_det)

    def jacobian(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, "B D D"]:
        """`J = [[I, 0], [V diag(a'(u)) W, I]] A` with `u = W h1 + c`."""
        first, _ = DERIVATIVES[self.activation_name]
        u = self._preactivation(self.linear(x)[0])
        half = self.dim // 2
        lower = torch.einsum("im,bm,mj->bij", self.outer, first(u), self.inner)
        below = functional.pad(lower, (0, self.dim - half, half, 0))
        return self.linear.matrix + below @ self.linear.matrix

    def gradient(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B *event"]:
        """Gradient of log p, `-(1/sigma^2) J'z`."""
        z, _ = self(x)
        return -torch.einsum("bij,bi->bj", self.jacobian(x), z).reshape(x.shape) / self.prior.scale**2

    def hessian(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, "B D D"]:
        """Hessian of log p, `-(1/sigma^2) [J'J + G' diag(lam a''(u)) G]`: `lam = V'z2`, `G = W A1` (A1: top rows)."""
        _, second = DERIVATIVES[self.activation_name]
        half = self.dim // 2
        u = self._preactivation(self.linear(x)[0])
        lam = self(x)[0][:, half:] @ self.outer
        G = self.inner @ self.linear.matrix[:half]
        J = self.jacobian(x)
        second_order = torch.einsum("mi,bm,mj->bij", G, lam * second(u), G)
        return -(J.mT @ J + second_order) / self.prior.scale**2

    def _preactivation(self, h: Float[Tensor, " B D"]) -> Float[Tensor, "B M"]:
        """`u = W h1 + c`; `h1` is the same before and after the coupling."""
        return functional.linear(h[:, : self.dim // 2], self.inner, self.bias)

    def _shift(self, h: Float[Tensor, " B D"]) -> Float[Tensor, " B D"]:
        """`(0, V a(W h1 + c))`."""
        return functional.pad(self.activation(self._preactivation(h)) @ self.outer.mT, (self.dim // 2, 0))


def _randn(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _random_matrix(dim: int, generator: torch.Generator) -> Float[Tensor, "D D"]:
    """Return a rotation, a diagonal with entries of size 0.5 to 2, and another rotation: condition number at most 4."""
    left, right = (torch.linalg.qr(_randn(generator, dim, dim)).Q for _ in range(2))
    scales = 2 ** (2 * torch.rand(dim, generator=generator, dtype=torch.float64) - 1)
    return left @ torch.diag(scales) @ right
