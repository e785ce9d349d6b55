"""One training step (objective, gradient, update) of our PixelCNN and VAE beside the same layers in plain PyTorch.

One thread, float32, channels last, default sizes, 64 images of 8x8 and 16 of 32x32, in colour. The plain models pad and
crop convolutions and have the loss of public PixelCNN++ implementations, with `where` at the edge cells; ours is one
smooth function in log space. `cpu_ratio` is ours over plain, of medians, alternating in one process; `target` is the
largest aimed at. Both have the same number of weights.
"""

from collections.abc import Callable
from itertools import product

import torch
from torch import nn

from benchmarks.plain_mass_models import PlainPixelCNN, PlainVAE
from benchmarks.row import Row
from benchmarks.timing import Timing, alternate
from curvature.units import bits_per_dim
from experiments.models.config import ModelConfig
from experiments.models.registry import build, configuration
from experiments.training.config import TrainingConfig
from experiments.training.optimizer import build_optimizer

PLAIN: dict[str, type[nn.Module]] = {"pixelcnn": PlainPixelCNN, "vae": PlainVAE}
IMAGES = {8: 64, 32: 16}
ROUNDS = 15
TARGET = 1.1


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [row for kind, side in product(PLAIN, IMAGES) for row in rows(kind, side)]


def rows(kind: str, side: int) -> list[Row]:
    config, shape = configuration(kind), (3, side, side)
    models = {"plain": PLAIN[kind](shape, config), "ours": build(config, shape)}
    timings = alternate({name: training_step(model, config, side) for name, model in models.items()}, ROUNDS)
    return [row(f"{kind} {side}x{side}, {name}", timings[name], timings["plain"], models[name]) for name in models]


def row(name: str, timing: Timing, plain: Timing, model: nn.Module) -> Row:
    return {
        "candidate": name,
        "cpu_ms": timing.cpu_ms,
        "wall_ms": timing.wall_ms,
        "cpu_ratio": timing.cpu_ms / plain.cpu_ms,
        "wall_ratio": timing.wall_ms / plain.wall_ms,
        "target": None if timing is plain else TARGET,
        "weights": float(sum(parameter.numel() for parameter in model.parameters())),
    }


def training_step(model: nn.Module, config: ModelConfig, side: int) -> Callable[[], None]:
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(0)
    x8 = torch.randint(0, 256, (IMAGES[side], 3, side, side), generator=generator)
    x = ((x8 + 0.5) / 256).contiguous(memory_format=torch.channels_last)
    noise = torch.randn(len(x), getattr(config, "latents", 0), generator=generator)
    optimizer = build_optimizer(model, TrainingConfig())

    def step() -> None:
        optimizer.zero_grad()
        bits_per_dim(model.training_objective(x, noise), x[0].numel(), bits=0).mean().backward()  # type: ignore[operator]
        optimizer.step()

    return step
