"""Models and covariances for the curvature benchmarks: our Glow with random weights, in float64."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.setting import CPU
from curvature import Expansion, Moments, expand
from curvature.memory import DEFAULT_MEMORY_BUDGET
from experiments.models.flow import Flow
from experiments.models.registry import build, configuration


@dataclass(frozen=True)
class Size:
    """Shape of the images, flow steps in each level, width of the coupling networks, and number of levels."""

    shape: tuple[int, int, int]
    steps: int
    width: int
    levels: int = 2

    @property
    def dim(self) -> int:
        """Number D of entries of an image."""
        return math.prod(self.shape)


SIZES = {
    "patches": Size((3, 8, 8), 6, 32),
    "A784": Size((1, 28, 28), 4, 32),
    "A3072": Size((3, 32, 32), 4, 32),
    "B784": Size((1, 28, 28), 8, 64),
    "paper3072": Size((3, 32, 32), 8, 400, levels=3),
    "tiny": Size((1, 8, 8), 1, 4),
}


def random_glow(size: Size) -> Flow:
    """Build a Glow with random weights of about the size that training gives."""
    model = build(
        configuration("glow", levels=size.levels, steps=size.steps, width=size.width), size.shape, seed=0
    ).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            scale = 1 / math.sqrt(parameter[0].numel()) if parameter.ndim == 4 else 0.1
            parameter.add_(scale * noise)
    for name, buffer in model.named_buffers():
        if name.endswith("initialised"):
            buffer.fill_(True)
    return model.eval().requires_grad_(False)


def images(size: Size, n: int, seed: int = 0) -> Tensor:
    """Return `n` images of smooth noise in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, size.shape[0], 4, 4, generator=generator, dtype=torch.float64)
    fine = torch.rand(n, *size.shape, generator=generator, dtype=torch.float64)
    return 0.9 * torch.nn.functional.interpolate(coarse, size.shape[1:], mode="bilinear") + 0.1 * fine


def expansion_and_moments(
    size: Size, rank: int, device: torch.device = CPU, memory_budget: float = DEFAULT_MEMORY_BUDGET
) -> tuple[Flow, Expansion, Moments]:
    """Expand about a smooth image; the covariance has decreasing eigenvalues and `rank` columns."""
    generator = torch.Generator().manual_seed(1)
    spectrum = 0.1 / torch.arange(1, rank + 1, dtype=torch.float64)
    factor = torch.randn(size.dim, rank, generator=generator, dtype=torch.float64) * spectrum
    moments = Moments(images(size, 1)[0], factor, count=rank + 1).to(device)
    model = random_glow(size).to(device)
    return model, expand(model, at=moments.mean, memory_budget=memory_budget), moments
