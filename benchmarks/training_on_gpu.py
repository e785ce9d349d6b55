"""Training of the published sizes on a CUDA device: bf16, channels_last and compiled, against eager float32 with TF32.

Whole steps of the training loop (batch, loss, gradient, update, average) with the `paper` preset's models, on a device
with nothing else to do. `speed_up` is the ratio of images a second to eager float32 of the same batch; `utilisation`
the share of the device's dense bfloat16 peak that the model's convolutions amount to at that speed (None for devices
that `model_flops` does not know). The preset's own batch size comes first and is compiled as in training; the others
share one compilation for any size. `peak_mb` is memory of tensors in 10^6 bytes. A note says why a row is empty.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from benchmarks.model_flops import peak_flops, training_flops
from benchmarks.row import Row
from experiments.models.config import ModelConfig
from experiments.models.flow import Flow
from experiments.models.registry import build
from experiments.paper.presets import PRESETS
from experiments.training.batches import Batches
from experiments.training.config import TrainingConfig
from experiments.training.processes import Processes
from experiments.training.state import TrainingState
from experiments.training.update import Signals, Updater

PRESET = PRESETS["paper"]
BATCH_SIZES = (PRESET.training.batch_size, 64, 1024, 4096)
WARM_UP_STEPS, SECONDS_OF_STEPS, MOST_STEPS = 3, 2.0, 50
SECONDS_IN_ALL = 450.0
"""No measurement begins after this time."""


@dataclass(frozen=True)
class Workload:
    """What is trained."""

    event_shape: tuple[int, int, int]
    model: ModelConfig


WORKLOADS = {"3x32x32": Workload((3, 32, 32), PRESET.colour), "1x28x28": Workload((1, 28, 28), PRESET.gray)}
REFERENCE = "eager, f32 (TF32)"
CANDIDATES = {
    REFERENCE: replace(PRESET.training, channels_last=False),
    "eager, bf16, channels_last": replace(PRESET.training, precision="bfloat16"),
    "compiled, bf16, channels_last": replace(PRESET.training, precision="bfloat16", compile=True),
}


@dataclass(frozen=True)
class Measurement:
    """One candidate at one batch size; if it has no speed, the note says why."""

    images_per_second: float | None = None
    peak_megabytes: float | None = None
    note: str | None = None


def unavailable() -> str | None:
    """Why this cannot run here, in one line; None if it can."""
    return None if torch.cuda.is_available() else "torch sees no CUDA device"


def run() -> list[Row]:
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    return table(torch.device("cuda"), WORKLOADS, CANDIDATES, BATCH_SIZES, SECONDS_IN_ALL)


def table(
    device: torch.device,
    workloads: Mapping[str, Workload],
    candidates: Mapping[str, TrainingConfig],
    batch_sizes: Sequence[int],
    seconds: float,
) -> list[Row]:
    """Measure every candidate on every workload, in the order given, as long as there is time."""
    peak = peak_flops(torch.cuda.get_device_name(device)) if device.type == "cuda" else None
    deadline = time.monotonic() + seconds
    rows: list[Row] = []
    for label, workload in workloads.items():
        flops = training_flops(build(workload.model, workload.event_shape), workload.event_shape)
        of_reference: dict[int, float | None] = {}
        for name, config in candidates.items():
            found = at_batch_sizes(workload, config, device, batch_sizes, deadline)
            speeds = {size: measurement.images_per_second for size, measurement in found.items()}
            of_reference = speeds if name == REFERENCE else of_reference
            rows += [
                {
                    "images": label,
                    "candidate": name,
                    "batch": size,
                    "images_per_s": speeds[size],
                    "speed_up": ratio(speeds[size], of_reference.get(size)),
                    "utilisation": ratio(speeds[size], peak and peak / flops),
                    "peak_mb": measurement.peak_megabytes,
                    "note": measurement.note,
                }
                for size, measurement in found.items()
            ]
    return rows


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or denominator is None else numerator / denominator


def at_batch_sizes(
    workload: Workload, config: TrainingConfig, device: torch.device, batch_sizes: Sequence[int], deadline: float
) -> dict[int, Measurement]:
    """Measure one model at all batch sizes; what is compiled for one size can serve the next."""
    torch._dynamo.reset()
    model = build(workload.model, workload.event_shape).to(device)
    if config.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = {}
    for size in batch_sizes:
        if time.monotonic() > deadline:
            found[size] = Measurement(note="out of time")
            continue
        try:
            found[size] = measured(model, replace(config, batch_size=size), device)
        except torch.OutOfMemoryError:
            found[size] = Measurement(note="out of memory")
    return found


def measured(model: Flow, config: TrainingConfig, device: torch.device) -> Measurement:
    """Images a second, and on a CUDA device the most memory that the steps took."""
    on_cuda = device.type == "cuda"
    if on_cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    seconds = seconds_a_step(training_step(model, config, device), device)
    return Measurement(config.batch_size / seconds, torch.cuda.max_memory_allocated(device) / 1e6 if on_cuda else None)


def training_step(model: Flow, config: TrainingConfig, device: torch.device) -> Callable[[], object]:
    """The first step of the training loop, repeated, on noise: the time does not depend on the images."""
    generator = torch.Generator().manual_seed(config.seed)
    pixels = torch.randint(0, 256, (config.batch_size, *model.event_shape), generator=generator, dtype=torch.uint8)
    updater = Updater(model, Batches(pixels, config.batch_size, config.seed, device), config, Processes(device))
    model.initialise(updater.batch(0, torch.float32))
    return partial(updater, TrainingState.start(model, config, identity={}), Signals())


def seconds_a_step(step: Callable[[], object], device: torch.device) -> float:
    """Wall time of a step, over as many steps as fit `SECONDS_OF_STEPS`, without compilation and first steps."""
    elapsed(step, WARM_UP_STEPS, device)
    n = max(1, min(MOST_STEPS, round(SECONDS_OF_STEPS / elapsed(step, 1, device))))
    return elapsed(step, n, device) / n


def elapsed(step: Callable[[], object], n: int, device: torch.device) -> float:
    """Wall time of n steps, from idle device to idle device (seconds)."""
    synchronise(device)
    start = time.perf_counter()
    for _ in range(n):
        step()
    synchronise(device)
    return time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    """Wait until a CUDA device has finished all of its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
