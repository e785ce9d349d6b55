"""One training step (loss, gradient, Adamax update) of CV-Glow against normflows' additive Glow, on one thread.

3x32x32 images, 3 levels, 8 steps, width 64, batch 64. Both: actnorm, LU-parametrised 1x1 convolution, additive coupling
with 3x3, 1x1, 3x3 convolutions, factor-out, fixed N(0, I). What differs: normflows has LeakyReLU of slope 0, that is
ReLU, where ours has SiLU by default (smooth, and dearer; a row with ReLU tells the two apart), and orders the layers of
a step the other way round. normflows runs in float32 and torch's default memory format, its only mode.
Ratios are of medians, alternating in one process. `cosine` is that of the angle between our gradients in bfloat16 and
in float32, on dequantised patches of a photograph after some updates.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.timing import alternate
from experiments.models.config import ActivationName, GlowConfig
from experiments.models.glow import Glow

SHAPE, LEVELS, STEPS, WIDTH, BATCH = (3, 32, 32), 3, 8, 64, 64
ROUNDS = 15
UPDATES_BEFORE_COSINE = 60


@dataclass(frozen=True)
class Candidate:
    """How to train one model; `target` is the largest ratio of CPU time to normflows' that we aim at."""

    activation: ActivationName | None
    """None: normflows' model."""
    bfloat16: bool = False
    channels_last: bool = False
    target: float | None = None


CANDIDATES = {
    "normflows, f32": Candidate(None),
    "ours, f32": Candidate("silu"),
    "ours, f32, channels_last": Candidate("silu", channels_last=True, target=0.92),
    "ours, ReLU, f32, channels_last": Candidate("relu", channels_last=True),
    "ours, bf16, channels_last": Candidate("silu", bfloat16=True, channels_last=True, target=0.55),
}


def run() -> list[dict[str, str | float | None]]:
    torch.set_num_threads(1)
    x = photograph_patches(BATCH)
    timings = alternate({name: training_step(candidate, x) for name, candidate in CANDIDATES.items()}, ROUNDS)
    reference = next(iter(timings.values()))
    return [
        {
            "candidate": name,
            "cpu_ms": timings[name].cpu_ms,
            "wall_ms": timings[name].wall_ms,
            "cpu_ratio": timings[name].cpu_ms / reference.cpu_ms,
            "wall_ratio": timings[name].wall_ms / reference.wall_ms,
            "target": candidate.target,
            "images_per_s": 1e3 * BATCH / timings[name].wall_ms,
            "cosine": gradient_cosine(x) if candidate.bfloat16 else None,
        }
        for name, candidate in CANDIDATES.items()
    ]


def training_step(candidate: Candidate, x: Tensor) -> Callable[[], None]:
    model = normflows_glow() if candidate.activation is None else our_glow(candidate.activation, x)
    if candidate.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    negative_log_likelihood = loss_of(model, candidate)
    optimizer = torch.optim.Adamax(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        negative_log_likelihood(x).backward()
        optimizer.step()

    return step


def loss_of(model: nn.Module, candidate: Candidate) -> Callable[[Tensor], Tensor]:
    memory_format = torch.channels_last if candidate.channels_last else torch.contiguous_format

    def loss(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=candidate.bfloat16):
            x = x.contiguous(memory_format=memory_format)
            return model.forward_kld(x) if candidate.activation is None else -model.log_prob(x).mean()  # type: ignore[operator]

    return loss


def our_glow(activation: ActivationName, x: Tensor) -> Glow:
    model = Glow(SHAPE, GlowConfig(levels=LEVELS, steps=STEPS, width=WIDTH, activation=activation))
    model.initialise(x)
    return model


def normflows_glow() -> nn.Module:
    """Build the same sizes from normflows' parts, as its own multi-scale example does."""
    import normflows

    torch.manual_seed(0)
    channels, height, width = SHAPE
    priors, levels, merges = [], [], []
    for depth in range(LEVELS, 0, -1):  # normflows counts from the latents to the image
        squeezed = channels * 2 ** (depth + 1)
        is_last = depth == LEVELS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it uses a deprecated torch.lu
            blocks = [normflows.flows.GlowBlock(squeezed, WIDTH, scale=False) for _ in range(STEPS)]
        levels.append([*blocks, normflows.flows.Squeeze()])
        if not is_last:
            merges.append(normflows.flows.Merge())
        latent_shape = (squeezed if is_last else squeezed // 2, height // 2**depth, width // 2**depth)
        priors.append(normflows.distributions.DiagGaussian(latent_shape, trainable=False))
    return normflows.MultiscaleFlow(priors, levels, merges, class_cond=False)


def gradient_cosine(x: Tensor) -> float:
    """Cosine of the angle between our gradients in bfloat16 and in float32, after a few float32 updates."""
    model = our_glow("silu", x).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    losses = [loss_of(model, Candidate("silu", bfloat16, channels_last=True)) for bfloat16 in (False, True)]
    optimizer = torch.optim.Adamax(model.parameters(), lr=2e-3)
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
