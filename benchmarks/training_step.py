"""One training step (loss, gradient, update) of the `laptop` preset against normflows' Glow, on one thread.

3x32x32 images; sizes, batch and optimizer are the preset's. normflows has the same layers but ReLU; ours has SiLU by
default, which is smooth and slower, so one row has ReLU. normflows runs in float32 and torch's default memory
format, its only mode. Ratios are of medians, alternating in one process; `target` is the largest `cpu_ratio` aimed at.
`cosine` is that of the angle between our gradients in bfloat16 and in float32, on dequantised patches of a photograph
after some updates. What the steps lead to is in `training_quality`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from benchmarks.normflows_glow import NormflowsGlow
from benchmarks.row import Row
from benchmarks.timing import alternate
from curvature.units import bits_per_dim
from experiments.models.config import ActivationName, CouplingName
from experiments.models.flow import Flow
from experiments.models.registry import build
from experiments.paper.presets import PRESETS
from experiments.training.optimizer import build_optimizer

SHAPE, PRESET = (3, 32, 32), PRESETS["laptop"]
ROUNDS = 15
UPDATES_BEFORE_COSINE = 60


@dataclass(frozen=True)
class Candidate:
    """How to train one model.

    Attributes
    ----------
    activation
        Activation of our model; None for normflows' model.
    bfloat16, channels_last
        Whether it computes in bfloat16, and stores images with the channels last.
    target
        The largest ratio of CPU time to normflows' that we aim at.
    coupling
        Kind of coupling; ratios are to normflows' Glow of the same kind.
    """

    activation: ActivationName | None
    bfloat16: bool = False
    channels_last: bool = False
    target: float | None = None
    coupling: CouplingName = "additive"


CANDIDATES = {
    "normflows, f32": Candidate(None),
    "ours, f32": Candidate("silu"),
    "ours, f32, channels_last": Candidate("silu", channels_last=True, target=0.92),
    "ours, ReLU, f32, channels_last": Candidate("relu", channels_last=True),
    "ours, bf16, channels_last": Candidate("silu", bfloat16=True, channels_last=True, target=1 / 1.7),
    "normflows, affine, f32": Candidate(None, coupling="affine"),
    "ours, affine, f32, channels_last": Candidate("silu", channels_last=True, target=0.9, coupling="affine"),
}


def run() -> list[Row]:
    torch.set_num_threads(1)
    x = photograph_patches(PRESET.training.batch_size)
    timings = alternate({name: training_step(candidate, x) for name, candidate in CANDIDATES.items()}, ROUNDS)
    references = {each.coupling: timings[name] for name, each in CANDIDATES.items() if each.activation is None}
    return [
        {
            "candidate": name,
            "cpu_ms": timings[name].cpu_ms,
            "wall_ms": timings[name].wall_ms,
            "cpu_ratio": timings[name].cpu_ms / references[candidate.coupling].cpu_ms,
            "wall_ratio": timings[name].wall_ms / references[candidate.coupling].wall_ms,
            "target": candidate.target,
            "images_per_cpu_s": 1e3 * len(x) / timings[name].cpu_ms,
            "cosine": gradient_cosine(x) if candidate.bfloat16 else None,
        }
        for name, candidate in CANDIDATES.items()
    ]


def training_step(candidate: Candidate, x: Tensor) -> Callable[[], None]:
    model = normflows_glow(candidate) if candidate.activation is None else our_glow(candidate, x)
    if candidate.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    loss = loss_of(model, candidate)
    optimizer = build_optimizer(model, PRESET.training)

    def step() -> None:
        optimizer.zero_grad()
        loss(x).backward()
        optimizer.step()

    return step


def loss_of(model: Flow | NormflowsGlow, candidate: Candidate) -> Callable[[Tensor], Tensor]:
    """Bits per dimension in the candidate's arithmetic and memory format."""
    memory_format = torch.channels_last if candidate.channels_last else torch.contiguous_format

    def loss(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=candidate.bfloat16):
            log_p = model.log_prob(x.contiguous(memory_format=memory_format))
        return bits_per_dim(log_p.float(), model.dim).mean()

    return loss


def normflows_glow(candidate: Candidate) -> NormflowsGlow:
    return NormflowsGlow(SHAPE, replace(PRESET.colour, coupling=candidate.coupling))


def our_glow(candidate: Candidate, x: Tensor) -> Flow:
    model = build(replace(PRESET.colour, activation=candidate.activation, coupling=candidate.coupling), SHAPE)
    model.initialise(x)
    return model


def gradient_cosine(x: Tensor) -> float:
    """Cosine of the angle between our gradients in bfloat16 and in float32, after a few float32 updates."""
    model = our_glow(Candidate("silu"), x).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    losses = [loss_of(model, Candidate("silu", bfloat16, channels_last=True)) for bfloat16 in (False, True)]
    optimizer = build_optimizer(model, PRESET.training)
    for _ in range(UPDATES_BEFORE_COSINE):
        optimizer.zero_grad()
        losses[0](x).backward()
        optimizer.step()
    single, half = (
        torch.cat([g.flatten() for g in torch.autograd.grad(loss(x), list(model.parameters()))]) for loss in losses
    )
    return float(nn.functional.cosine_similarity(single, half, dim=0))


def photograph_patches(n: int) -> Tensor:
    """Return `n` dequantised 32x32 patches of the embedded photograph, in [0, 1], as training sees them."""
    from sklearn.datasets import load_sample_image

    generator = torch.Generator().manual_seed(0)
    photograph = torch.from_numpy(load_sample_image("china.jpg").copy()).permute(2, 0, 1)
    size = SHAPE[1]
    rows = torch.randint(0, photograph.shape[1] - size, (n,), generator=generator).tolist()
    columns = torch.randint(0, photograph.shape[2] - size, (n,), generator=generator).tolist()
    patches = torch.stack([photograph[:, i : i + size, j : j + size] for i, j in zip(rows, columns, strict=True)])
    return (patches + torch.rand(patches.shape, generator=generator)) / 256
