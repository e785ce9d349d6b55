"""Bits/dim of held-out images after equally many steps: ours in bf16 and f32, normflows' additive Glow in f32.

Sizes, batch, optimizer and learning rate are those of the `laptop` preset, with the schedule and warm-up shortened to
the number of steps. All candidates see the same batches with the same noise, through the same training loop, with
averaged weights; they are evaluated in float32 on the same dequantised test images. `over_f32` is the difference of
bits/dim to ours in float32, paired image by image, with its standard error over images: for bf16 the price of the
faster arithmetic, at most `target`. normflows has the same layers, but ReLU and other initial weights; one row of ours
has ReLU. CIFAR-10 where the data root has it, else patches of an embedded photograph.
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.inputs import parse_input_set
from benchmarks.normflows_glow import NormflowsGlow
from benchmarks.row import Row
from curvature.units import bits_per_dim
from experiments.data.catalog import load_image_set
from experiments.data.errors import DataNotFoundError
from experiments.data.image_set import ImageSet
from experiments.models.config import ActivationName
from experiments.models.flow import Flow
from experiments.models.registry import build
from experiments.paper.presets import PRESETS
from experiments.storage.run_directory import RunDirectory
from experiments.study.samples import load_inputs
from experiments.training.config import TrainingConfig
from experiments.training.loop import train

PRESET = PRESETS["laptop"]
SHAPE = (3, 32, 32)
TRAIN_SETS = ("cifar10", "china")
STEPS, WARM_UP_STEPS, TEST_IMAGES, EVALUATION_BATCH = 120, 20, 512, 128
REFERENCE, HALF, TARGET = "ours, f32, channels_last", "ours, bf16, channels_last", 0.02


@dataclass(frozen=True)
class Candidate:
    """A model and its arithmetic in training; an activation of None means normflows' model."""

    activation: ActivationName | None
    precision: str = "float32"


CANDIDATES = {
    REFERENCE: Candidate("silu"),
    HALF: Candidate("silu", "bfloat16"),
    "ours, ReLU, f32, channels_last": Candidate("relu"),
    "normflows, f32": Candidate(None),
}


@dataclass(frozen=True)
class PairedDifference:
    """Mean of the differences of two candidates on the same images."""

    mean: float
    standard_error: float


def run() -> list[Row]:
    torch.set_num_threads(1)
    images = training_images()
    test = load_inputs(parse_input_set(f"{images.name}/test"), TEST_IMAGES, SHAPE, seed=0, patch_size=SHAPE[1]).float()
    return compare(images, test, PRESET.training)


def training_images() -> ImageSet:
    """The first of the training sets whose files are here."""
    *stored, embedded = TRAIN_SETS
    for name in stored:
        try:
            return load_image_set(name, "train")
        except DataNotFoundError:
            continue
    return load_image_set(embedded, "train", SHAPE[1])


def compare(images: ImageSet, test: Float[Tensor, "count c h w"], training: TrainingConfig) -> list[Row]:
    """Train and evaluate every candidate."""
    training = replace(training, steps=STEPS, warmup_steps=WARM_UP_STEPS)
    bits: dict[str, Tensor] = {}
    cpu_seconds: dict[str, float] = {}
    for name, candidate in CANDIDATES.items():
        start = time.process_time()
        model = trained(candidate, images, training)
        cpu_seconds[name] = time.process_time() - start
        bits[name] = held_out_bits(model, test)
    return rows(bits, cpu_seconds, images.label)


def trained(candidate: Candidate, images: ImageSet, training: TrainingConfig) -> nn.Module:
    """Train a candidate as `likelihood-curvature train` does, in a run directory that is not kept."""
    if candidate.activation is None:
        model, training = NormflowsGlow(SHAPE, PRESET.colour), replace(training, channels_last=False)
    else:
        model = build(replace(PRESET.colour, activation=candidate.activation), SHAPE)
    training = replace(training, precision=candidate.precision)
    with tempfile.TemporaryDirectory() as directory:
        train(model, images.images, training, RunDirectory.create(Path(directory) / "run", {"training": training}))
    return model


@torch.no_grad()
def held_out_bits(model: nn.Module, test: Float[Tensor, "count c h w"]) -> Float[Tensor, " count"]:
    """Bits per dimension of every image, in the precision of the images."""
    log_prob = cast(Flow | NormflowsGlow, model).log_prob
    log_p = torch.cat([log_prob(batch) for batch in test.split(EVALUATION_BATCH)])
    return bits_per_dim(log_p.double(), test[0].numel())


def rows(bits: Mapping[str, Tensor], cpu_seconds: Mapping[str, float], train_set: str) -> list[Row]:
    found: list[Row] = []
    for name, of_images in bits.items():
        difference = None if name == REFERENCE else paired_difference(of_images, bits[REFERENCE])
        found.append(
            {
                "candidate": name,
                "train_set": train_set,
                "steps": STEPS,
                "cpu_s": cpu_seconds[name],
                "bpd": float(of_images.mean()),
                "bpd_se": float(of_images.std()) / len(of_images) ** 0.5,
                "over_f32": None if difference is None else difference.mean,
                "over_f32_se": None if difference is None else difference.standard_error,
                "target": TARGET if name == HALF else None,
            }
        )
    return found


def paired_difference(these: Float[Tensor, " count"], those: Float[Tensor, " count"]) -> PairedDifference:
    """Mean of `these - those` over images, with its standard error: what images have in common cancels."""
    difference = these - those
    return PairedDifference(float(difference.mean()), float(difference.std()) / len(difference) ** 0.5)
