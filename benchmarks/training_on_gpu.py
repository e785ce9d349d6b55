"""Whole training steps on a CUDA device: ours eager, in bf16, compiled and with CUDA graphs, against other Glows.

Steps of the training loop (batch, loss, gradient, update, average) at the sizes of the presets `paper` and `laptop`, on
a device with nothing else to do. Others train in the same loop: normflows' additive and affine Glow, and an affine Glow
in plain PyTorch, all eager with TF32. `speed_up` is the ratio of images a second to ours, eager with TF32, at the same
batch; `utilisation` the share of the device's dense bfloat16 peak that the model's own convolutions amount to; `share`
that of the roofline (`benchmarks.roofline`) of the model in its arithmetic, and `limit` what sets it. `joules` is the
energy of an image. The first batch size is the preset's; compiled steps have only this one. `peak_mb` is memory of
tensors in 10^6 bytes. A note says why a row is empty.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from benchmarks.device import float32_products
from benchmarks.known_devices import KnownDevice, known_device
from benchmarks.roofline import Workload
from benchmarks.row import Row
from benchmarks.setting import Choice, Setting
from benchmarks.step_candidates import CANDIDATES, REFERENCE, Candidate
from benchmarks.step_measurement import MOST_STEPS, Measurement, measured
from experiments.models.config import ModelConfig
from experiments.models.registry import EventShape, configuration
from experiments.paper.presets import PRESETS

SECONDS_IN_ALL = 420.0
"""No measurement begins after this time."""


@dataclass(frozen=True)
class Size:
    """Which model is trained on which images, and in which batches."""

    event_shape: EventShape
    model: ModelConfig
    batch_sizes: tuple[int, ...]
    most_steps: int = MOST_STEPS


def _size(preset: str, event_shape: EventShape, *others: int) -> Size:
    chosen = PRESETS[preset]
    model = chosen.gray if event_shape[0] == 1 else chosen.colour
    return Size(event_shape, model, (chosen.training.batch_size, *others))


COLOUR, GRAY = (3, 32, 32), (1, 28, 28)
FULL = {
    "paper 3x32x32": _size("paper", COLOUR, 1024),
    "laptop 3x32x32": _size("laptop", COLOUR, 256, 2048),
    "paper 1x28x28": _size("paper", GRAY, 2048),
    "laptop 1x28x28": _size("laptop", GRAY, 2048),
}
TINY = {"tiny 1x4x4": Size((1, 4, 4), configuration("glow", levels=1, steps=1, width=2), (2,), most_steps=3)}
SIZES = Choice(cpu=FULL, cuda=FULL, tiny=TINY)


def unavailable(setting: Setting) -> str | None:
    """Why this cannot run here, in one line; None if it can."""
    return None if setting.device.type == "cuda" or setting.tiny else "needs a CUDA device; give --device cuda"


def run(setting: Setting) -> Iterator[Row]:
    candidates = {name: each for name, each in CANDIDATES.items() if not (setting.tiny and each.training.compile)}
    return table(setting.device, SIZES.of(setting), candidates, SECONDS_IN_ALL)


def table(
    device: torch.device, sizes: Mapping[str, Size], candidates: Mapping[str, Candidate], seconds: float
) -> Iterator[Row]:
    """Measure every candidate on every size, in order of value, as long as there is time."""
    known = known_device(torch.cuda.get_device_name(device)) if device.type == "cuda" else None
    deadline = time.monotonic() + seconds
    of_reference: dict[tuple[str, int], float | None] = {}
    for label, name in in_order(sizes, candidates):
        size, candidate = sizes[label], candidates[name]
        work = Workload.of(candidate.model(size.event_shape, size.model), size.event_shape, candidate.arithmetic)
        for batch, measurement in at_batch_sizes(size, candidate, device, deadline).items():
            speed = measurement.images_per_second
            if name == REFERENCE:
                of_reference[label, batch] = speed
            yield {
                "images": label,
                "candidate": name,
                "batch": batch,
                "images_per_s": speed,
                "speed_up": ratio(speed, of_reference.get((label, batch))),
                **against_peaks(speed, work, batch, known, candidate),
                "joules": measurement.joules_per_image,
                "peak_mb": measurement.peak_megabytes,
                "note": measurement.note,
            }


def in_order(sizes: Mapping[str, Size], candidates: Mapping[str, Candidate]) -> list[tuple[str, str]]:
    """All of the first size, then what takes seconds of the others, then what has to be compiled for minutes."""
    first = next(iter(sizes))
    jobs = [(label, name) for label in sizes for name in candidates]
    return sorted(jobs, key=lambda job: job[0] != first and candidates[job[1]].training.compile)


def against_peaks(
    speed: float | None, work: Workload, batch: int, device: KnownDevice | None, candidate: Candidate
) -> Row:
    """Hold a speed against the device's bfloat16 peak and against the roofline; None for unknown devices."""
    row: Row = {"gflop": work.flops / 1e9, "flop_per_byte": work.intensity(batch)}
    if device is None:
        return {**row, "utilisation": None, "ceiling": None, "share": None, "limit": None}
    peak = candidate.peak(device)
    ceiling = work.ceiling(batch, device, peak)
    return {
        **row,
        "utilisation": ratio(speed, device.bfloat16 / work.flops),
        "ceiling": ceiling,
        "share": ratio(speed, ceiling),
        "limit": work.limit(batch, device, peak),
    }


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or denominator is None else numerator / denominator


def at_batch_sizes(size: Size, candidate: Candidate, device: torch.device, deadline: float) -> dict[int, Measurement]:
    """Measure one candidate at all batch sizes; a compiled one at the first alone, for compiling takes minutes."""
    torch._dynamo.reset()
    sizes: Sequence[int] = size.batch_sizes[:1] if candidate.training.compile else size.batch_sizes
    found = {}
    with float32_products(candidate.tf32):
        for batch in sizes:
            if time.monotonic() > deadline:
                found[batch] = Measurement(note="out of time")
                continue
            found[batch] = attempt(size, candidate, batch, device)
    return found


def attempt(size: Size, candidate: Candidate, batch: int, device: torch.device) -> Measurement:
    """Measure; a candidate that fails gets the first line of its error as a note, and the others go on."""
    try:
        model = candidate.model(size.event_shape, size.model)
        return measured(model, candidate.training, batch, device, size.most_steps)
    except torch.OutOfMemoryError:
        return Measurement(note="out of memory")
    # Compilers fail in many ways; the rest of an unattended table must not be lost.
    except Exception as error:
        return Measurement(note=f"failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
