"""A training run that is meant to be killed; run as a program, it trains in a directory or goes on there."""

import sys

import torch

from experiments.models.registry import build, configuration
from experiments.storage.run_directory import RunDirectory
from experiments.training.config import TrainingConfig
from experiments.training.evaluation import Evaluation, evaluated_steps
from experiments.training.loop import train

CONFIG = TrainingConfig(
    steps=200, batch_size=8, warmup_steps=3, log_every=1, checkpoint_every=7, learning_rate=0.01, device="cpu"
)
STEPS = evaluated_steps(CONFIG.steps, 20)


def train_or_go_on(directory):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 3, 4, 4), generator=generator, dtype=torch.uint8)
    inputs = {"a": torch.rand(5, 3, 4, 4, generator=generator), "b": torch.rand(5, 3, 4, 4, generator=generator)}
    run = RunDirectory.create(directory, {"training": CONFIG})
    model = build(configuration("glow", levels=1, steps=1, width=4), (3, 4, 4), seed=1)
    train(model, images, CONFIG, run, resume=True, observers=[Evaluation(inputs, STEPS, run)])
    return run


if __name__ == "__main__":
    torch.set_num_threads(1)
    train_or_go_on(sys.argv[1])
