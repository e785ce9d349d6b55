"""Glows with random weights far from their initial ones, so that nothing vanishes by accident."""

import math

import torch

from curvature import Moments
from experiments.models.families.glow.config import GlowConfig
from experiments.models.families.glow.flow import Glow
from tests.curvature.densities import randn

ACTIVATIONS = ("silu", "softplus", "tanh", "gelu", "mish", "relu")


def random_glow(
    event_shape: tuple[int, int, int],
    levels: int = 2,
    steps: int = 2,
    width: int = 8,
    activation: str = "silu",
    learn_prior_scale: bool = False,
    seed: int = 0,
) -> Glow:
    """Double precision, evaluation mode, every parameter drawn at random; initialised."""
    config = GlowConfig(
        levels=levels, steps=steps, width=width, activation=activation, learn_prior_scale=learn_prior_scale
    )
    model = Glow(event_shape, config, seed=seed).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            is_kernel = parameter.ndim == 4
            if is_kernel:
                parameter.copy_(1.5 * noise / math.sqrt(parameter[0].numel()))
            else:
                parameter.add_(0.2 * noise)
    for name, buffer in model.named_buffers():
        if name.endswith("initialised"):
            buffer.fill_(True)
    return model.eval().requires_grad_(False)


def moments_of(shape: tuple[int, ...], rank: int, seed: int = 0) -> Moments:
    """A mean near 1/2 and a covariance of that rank."""
    dim = math.prod(shape)
    return Moments(0.5 + 0.2 * randn(*shape, seed=seed), randn(dim, rank, seed=seed + 1) / math.sqrt(dim), count=9)
