"""The learning rate of every step."""

import math

from experiments.training.config import TrainingConfig


def learning_rate(step: int, config: TrainingConfig) -> float:
    """Learning rate of a step, counted from 0: a linear warm-up, then the schedule.

    With warm-up length ``w``, number of steps ``n`` and progress ``t = (step - w) / (n - w)``, the highest rate is
    multiplied by ``(step + 1) / w`` before step ``w``, and from there on by 1 (constant), ``1 - t`` (linear) or
    ``(1 + cos(pi t)) / 2`` (cosine). The factor would be zero only at step ``n``: no step is spent on a zero rate.
    """
    warmup = config.warmup_steps
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    if config.schedule == "constant":
        return config.learning_rate
    t = (step - warmup) / (config.steps - warmup)
    factor = 1 - t if config.schedule == "linear" else (1 + math.cos(math.pi * t)) / 2
    return config.learning_rate * factor
