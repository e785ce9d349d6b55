"""Speed, memory and energy of one model's training steps on a device."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from benchmarks.device import synchronise
from benchmarks.power import power_watts
from experiments.training.batches import Batches
from experiments.training.config import TrainingConfig
from experiments.training.processes import Processes
from experiments.training.state import TrainingState
from experiments.training.update import Signals, Updater

WARM_UP_STEPS, SECONDS_OF_STEPS, MOST_STEPS = 4, 2.0, 200


@dataclass(frozen=True)
class Measurement:
    """One candidate at one batch size; if it has no speed, the note says why.

    Attributes
    ----------
    images_per_second
        Over whole steps.
    peak_megabytes
        Most memory of tensors on a CUDA device, in 10^6 bytes.
    joules_per_image
        Power at the end of the steps over the speed.
    note
        Why there are no numbers.
    """

    images_per_second: float | None = None
    peak_megabytes: float | None = None
    joules_per_image: float | None = None
    note: str | None = None


def measured(
    model: nn.Module, config: TrainingConfig, batch_size: int, device: torch.device, most_steps: int = MOST_STEPS
) -> Measurement:
    """Train on noise of the model's shape for about two seconds, or so many steps."""
    on_cuda = device.type == "cuda"
    if on_cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    step = training_step(model, replace(config, batch_size=batch_size), device)
    speed = batch_size / seconds_a_step(step, device, most_steps)
    watts = power_watts(device)
    peak = torch.cuda.max_memory_allocated(device) / 1e6 if on_cuda else None
    return Measurement(speed, peak, None if watts is None else watts / speed)


def training_step(model: nn.Module, config: TrainingConfig, device: torch.device) -> Callable[[], object]:
    """The first step of the training loop, repeated, on noise: the time does not depend on the images."""
    model.to(device)
    if config.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(config.seed)
    shape = (config.batch_size, *model.event_shape)  # type: ignore[misc]
    pixels = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    updater = Updater(model, Batches(pixels, config.batch_size, config.seed, device), config, Processes(device))
    x = updater.batch(0, torch.float32)
    # normflows has no such method: its first log p initialises it.
    getattr(model, "initialise", model.log_prob)(x)  # type: ignore[operator]
    return partial(updater, TrainingState.start(model, config, identity={}), Signals())


def seconds_a_step(step: Callable[[], object], device: torch.device, most_steps: int) -> float:
    """Wall time of a step, over as many steps as fit `SECONDS_OF_STEPS`, without compilation and first steps."""
    elapsed(step, WARM_UP_STEPS, device)
    n = max(1, min(most_steps, round(SECONDS_OF_STEPS / elapsed(step, 1, device))))
    return elapsed(step, n, device) / n


def elapsed(step: Callable[[], object], n: int, device: torch.device) -> float:
    """Wall time of n steps, from idle device to idle device (seconds)."""
    synchronise(device)
    start = time.perf_counter()
    for _ in range(n):
        step()
    synchronise(device)
    return time.perf_counter() - start
