"""Small log densities with known derivatives, written apart from the toolkit's models."""

import math

import torch
from torch import Tensor, nn


def random_spd(dim: int, seed: int) -> Tensor:
    """Well-conditioned symmetric positive definite matrix."""
    generator = torch.Generator().manual_seed(seed)
    A = torch.randn(dim, dim, generator=generator, dtype=torch.float64) / math.sqrt(dim)
    return A @ A.T + 0.5 * torch.eye(dim, dtype=torch.float64)


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Gaussian(nn.Module):
    """N(mean, Sigma) over events of any shape; gradient -P(x - mean), Hessian -P with P the precision."""

    def __init__(self, mean: Tensor, Sigma: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("precision", torch.linalg.inv(Sigma))
        self.register_buffer("constant", -0.5 * torch.logdet(2 * math.pi * Sigma))
        self.eval()

    def log_prob(self, x: Tensor) -> Tensor:
        d = (x - self.mean).reshape(len(x), -1)
        return self.constant - 0.5 * torch.einsum("bi,ij,bj->b", d, self.precision, d)

    def hessian(self) -> Tensor:
        return -self.precision


class Mixture(nn.Module):
    """Equal mixture of unit Gaussians at the rows of `centres`, with its Hessian in closed form."""

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.eval()

    def log_prob(self, x: Tensor) -> Tensor:
        squares = (x[:, None] - self.centres).square().flatten(2).sum(2)
        K, dim = len(self.centres), self.centres[0].numel()
        return torch.logsumexp(-0.5 * squares, 1) - math.log(K) - 0.5 * dim * math.log(2 * math.pi)

    def gradient(self, x: Tensor) -> Tensor:
        r = torch.softmax(-0.5 * (x - self.centres).square().flatten(1).sum(1), 0)
        return torch.einsum("k,kd->d", r, (self.centres - x).flatten(1)).reshape(x.shape)

    def hessian(self, x: Tensor) -> Tensor:
        r = torch.softmax(-0.5 * (x - self.centres).square().flatten(1).sum(1), 0)
        d = (self.centres - x).flatten(1)
        g = r @ d
        return torch.einsum("k,ki,kj->ij", r, d, d) - torch.outer(g, g) - torch.eye(x.numel(), dtype=x.dtype)


class CouplingFlow(nn.Module):
    """Additive couplings with tanh or SiLU between orthogonal mixings: constant volume (log-determinant zero)."""

    def __init__(self, event_shape: tuple[int, ...], steps: int = 3, width: int = 8, seed: int = 0) -> None:
        super().__init__()
        self.event_shape, dim = event_shape, math.prod(event_shape)
        generator = torch.Generator().manual_seed(seed)

        def matrix(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator) / math.sqrt(shape[-1])

        self.mixings = nn.ParameterList(torch.linalg.qr(matrix(dim, dim)).Q for _ in range(steps))
        self.into = nn.ParameterList(matrix(width, dim // 2) for _ in range(steps))
        self.out = nn.ParameterList(matrix(dim - dim // 2, width) for _ in range(steps))
        self.activation = nn.SiLU()
        self.eval()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = x.flatten(1)
        half = z.shape[1] // 2
        for Q, A, B in zip(self.mixings, self.into, self.out, strict=True):
            z = z @ Q.T
            a, b = z[:, :half], z[:, half:]
            z = torch.cat([a, b + self.activation(2 * a @ A.T) @ B.T], 1)
        return z, z.new_zeros(len(z))

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self(x)
        return log_det - 0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


def difference_gradient(function, x0: Tensor, h: float = 1e-6) -> Tensor:
    """Central differences of a scalar function of one event."""
    steps = h * torch.eye(x0.numel(), dtype=x0.dtype).reshape(-1, *x0.shape)
    return torch.stack([(function(x0 + s) - function(x0 - s)) / (2 * h) for s in steps]).reshape(x0.shape)
