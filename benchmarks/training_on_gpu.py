"""Training of the published sizes on a CUDA device: bf16, channels_last and compiled, against eager float32 with TF32.

Loss, gradient and update of the `paper` preset's models, one candidate after another on an otherwise idle device.
`speed_up` is the ratio of images a second to eager float32 of the same batch; `utilisation` the share of the device's
dense bfloat16 peak that the convolutions of the uncompiled model would need at that speed (multiplications and
additions of forward and backward pass; None for devices that `model_flops` does not know). Compiled once a model, for
any batch; `peak_mb` is memory of tensors, 10^6 bytes. A note says what was left out: out of memory, or out of time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.model_flops import peak_flops, training_flops
from curvature.units import bits_per_dim
from experiments.models.config import GlowConfig
from experiments.models.glow import Glow
from experiments.presets import PRESETS
from experiments.training.config import TrainingConfig
from experiments.training.optimizer import build_optimizer

PRESET = PRESETS["paper"]
BATCH_SIZES = (64, 256, 1024, 4096)
WARM_UP_STEPS, SECONDS_OF_STEPS, MOST_STEPS = 3, 2.0, 50
SECONDS_IN_ALL = 450.0
"""No measurement begins after that."""

Row = dict[str, str | float | None]
Step = Callable[[Tensor], None]


@dataclass(frozen=True)
class Workload:
    """What is trained."""

    event_shape: tuple[int, int, int]
    model: GlowConfig
    training: TrainingConfig


@dataclass(frozen=True)
class Candidate:
    """How it is computed."""

    bfloat16: bool = False
    channels_last: bool = False
    compiled: bool = False


REFERENCE = "eager, f32 (TF32)"
CANDIDATES = {
    REFERENCE: Candidate(),
    "eager, bf16, channels_last": Candidate(bfloat16=True, channels_last=True),
    "compiled, bf16, channels_last": Candidate(bfloat16=True, channels_last=True, compiled=True),
}
WORKLOADS = {
    "3x32x32": Workload((3, 32, 32), PRESET.colour, PRESET.training),
    "1x28x28": Workload((1, 28, 28), PRESET.gray, PRESET.training),
}


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
    candidates: Mapping[str, Candidate],
    batch_sizes: Sequence[int],
    seconds: float,
) -> list[Row]:
    """Measure every candidate on every workload, in the order given, as long as there is time."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    deadline, peak = time.monotonic() + seconds, peak_flops(name)
    rows: list[Row] = []
    for label, workload in workloads.items():
        flops = training_flops(Glow(workload.event_shape, workload.model), workload.event_shape)
        of_reference: dict[int, float] = {}
        for candidate_name, candidate in candidates.items():
            step = training_step(workload, candidate, device)
            for batch_size in batch_sizes:
                speed, megabytes, note = measured(step, workload, candidate, batch_size, device, deadline)
                if candidate_name == REFERENCE and speed is not None:
                    of_reference[batch_size] = speed
                reference = of_reference.get(batch_size)
                rows.append(
                    {
                        "images": label,
                        "candidate": candidate_name,
                        "batch": batch_size,
                        "images_per_s": speed,
                        "speed_up": speed / reference if speed and reference else None,
                        "utilisation": speed * flops / peak if speed and peak else None,
                        "peak_mb": megabytes,
                        "note": note,
                    }
                )
            del step
    return rows


def training_step(workload: Workload, candidate: Candidate, device: torch.device) -> Step:
    """One optimizer step on a batch, of a new model on the device."""
    model = Glow(workload.event_shape, workload.model).to(device)
    model.initialise(images(BATCH_SIZES[0], workload, candidate, device))
    if candidate.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = build_optimizer(model, workload.training)

    def loss(x: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=candidate.bfloat16):
            log_p = model.log_prob(x)
        return bits_per_dim(log_p.float(), model.dim).mean()

    evaluate = torch.compile(loss) if candidate.compiled else loss

    def step(x: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        evaluate(x).backward()
        optimizer.step()

    return step


def images(batch_size: int, workload: Workload, candidate: Candidate, device: torch.device) -> Tensor:
    """A batch of noise: the time does not depend on what the images show."""
    generator = torch.Generator(device).manual_seed(0)
    x = torch.rand(batch_size, *workload.event_shape, generator=generator, device=device)
    x = x.contiguous(memory_format=torch.channels_last) if candidate.channels_last else x
    if candidate.compiled:
        torch._dynamo.mark_dynamic(x, 0)
    return x


def measured(
    step: Step, workload: Workload, candidate: Candidate, batch_size: int, device: torch.device, deadline: float
) -> tuple[float | None, float | None, str | None]:
    """Images a second, peak memory in MB (on CUDA), and what went wrong if either is missing."""
    if time.monotonic() > deadline:
        return None, None, "out of time"
    on_cuda = device.type == "cuda"
    if on_cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    try:
        seconds = seconds_a_step(step, images(batch_size, workload, candidate, device), device)
    except torch.OutOfMemoryError:
        return None, None, "out of memory"
    return batch_size / seconds, torch.cuda.max_memory_allocated(device) / 1e6 if on_cuda else None, None


def seconds_a_step(step: Step, x: Tensor, device: torch.device) -> float:
    """Wall time of a step, over as many as fit into the time for them; compilation and first steps left out."""
    for _ in range(WARM_UP_STEPS):
        step(x)
    one = elapsed(step, x, 1, device)
    n = max(1, min(MOST_STEPS, round(SECONDS_OF_STEPS / one)))
    return elapsed(step, x, n, device) / n


def elapsed(step: Step, x: Tensor, n: int, device: torch.device) -> float:
    """Wall time of n steps from idle device to idle device (seconds)."""
    synchronise = torch.cuda.synchronize if device.type == "cuda" else None
    if synchronise is not None:
        synchronise(device)
    start = time.perf_counter()
    for _ in range(n):
        step(x)
    if synchronise is not None:
        synchronise(device)
    return time.perf_counter() - start
