import math
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from experiments.models.registry import build, configuration
from experiments.storage.run_directory import RunDirectory
from experiments.training.config import TrainingConfig
from experiments.training.loop import train

EVENT = (1, 4, 4)
SHORT = TrainingConfig(
    steps=12, batch_size=8, warmup_steps=3, log_every=1, checkpoint_every=5, learning_rate=0.01, device="cpu"
)


@dataclass(frozen=True)
class TinyConfig:
    gain: float = 1.0


class TinyFlow(nn.Module):
    """A shift and scale per pixel after a constant convolution: z = gain * conv(x) * exp(s) + b, z ~ N(0, I)."""

    def __init__(self, config=TinyConfig()):
        super().__init__()
        self.event_shape, self.config = EVENT, config
        self.mixing = nn.Conv2d(1, 1, 1, bias=False)
        self.scale = nn.Parameter(torch.zeros(EVENT))
        self.shift = nn.Parameter(torch.zeros(EVENT))
        self.unused = nn.Parameter(torch.zeros(3))
        nn.init.ones_(self.mixing.weight)

    def log_prob(self, x):
        z = self.mixing(x) * self.config.gain * self.scale.exp() + self.shift
        log_det = self.scale.sum() + 16 * (self.mixing.weight.abs().log().sum() + math.log(self.config.gain))
        return -0.5 * (z**2 + math.log(2 * math.pi)).sum((1, 2, 3)) + log_det


@pytest.fixture
def images():
    """Smooth random images: neighbours agree, so there is something to learn."""
    generator = torch.Generator().manual_seed(0)
    level = torch.randint(40, 200, (50, 1, 1, 1), generator=generator)
    detail = torch.randint(-9, 10, (50, *EVENT), generator=generator)
    return (level + detail).to(torch.uint8)


@pytest.fixture
def colour_images(images):
    return torch.cat([images, images // 2, 255 - images], dim=1)


@pytest.fixture
def tiny_flow():
    return TinyFlow


@pytest.fixture
def short():
    return SHORT


@pytest.fixture
def tiny_glow():
    def make(seed=1, activation="silu"):
        return build(configuration("glow", levels=2, steps=2, width=4, activation=activation), (3, 4, 4), seed=seed)

    return make


@pytest.fixture
def new_run(tmp_path):
    made = []

    def make():
        made.append(RunDirectory.create(tmp_path / f"run{len(made)}", {"number": len(made)}))
        return made[-1]

    return make


@pytest.fixture
def trained(images, new_run):
    """A finished short run of the tiny flow: (model, run, result)."""
    model, run = TinyFlow(), new_run()
    return model, run, train(model, images, replace(SHORT), run)


class StopAt:
    """A progress callback that presses Ctrl-C after some step."""

    def __init__(self, step, error=KeyboardInterrupt):
        self.step, self.error = step, error

    def __call__(self, step, steps, bits_per_dim, images_per_second, seconds_left):
        if step == self.step:
            raise self.error


@pytest.fixture
def stop_at():
    return StopAt
