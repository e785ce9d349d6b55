"""Presets: sizes and training settings of CV-Glow for a laptop, a GPU, and at the published sizes. No torch here."""

from dataclasses import dataclass, replace

from curvature.names import require_known
from experiments.data.file_names import is_array_file
from experiments.data.registry import DESCRIPTIONS
from experiments.models.config import ModelConfig
from experiments.models.registry import EventShape, configuration, fit
from experiments.study.configuration import DataConfig, ExperimentConfig
from experiments.training.config import TrainingConfig


@dataclass(frozen=True)
class Preset:
    """One choice of model and training, for images of each of the paper's two shapes."""

    purpose: str
    """Machine and time that it is made for."""
    gray: ModelConfig
    """The flow for 1 x 28 x 28 images, which allow two levels."""
    colour: ModelConfig
    """The flow for 3 x 32 x 32 images."""
    training: TrainingConfig
    """How either is trained."""


# Sizes of the published models: Nalisnick et al. 2019 (arXiv 1810.09136), appendix A. The paper's own optimizer ran for
# a million steps; the settings here are ours.
_PUBLISHED_GRAY = configuration("glow", levels=2, steps=16, width=200)
_PUBLISHED_COLOUR = configuration("glow", levels=3, steps=8, width=400)

PRESETS: dict[str, Preset] = {
    "laptop": Preset(
        purpose="about half an hour on one CPU thread with bfloat16 arithmetic",
        gray=configuration("glow", levels=2, steps=8, width=64),
        colour=configuration("glow", levels=3, steps=8, width=64),
        training=TrainingConfig(
            steps=12_000,
            batch_size=32,
            optimizer="adam",
            learning_rate=3e-3,
            warmup_steps=100,
            clip_norm=20.0,
            ema_decay=0.999,
            precision="bfloat16",
            device="cpu",
        ),
    ),
    "gpu": Preset(
        purpose="about a quarter of an hour on one H200-class GPU",
        gray=_PUBLISHED_GRAY,
        colour=_PUBLISHED_COLOUR,
        training=TrainingConfig(
            steps=30_000,
            batch_size=256,
            optimizer="adam",
            learning_rate=2e-3,
            warmup_steps=500,
            ema_decay=0.9995,
            precision="bfloat16",
            checkpoint_every=2000,
            log_every=100,
        ),
    ),
    "paper": Preset(
        purpose="the published sizes, trained to the end in float32",
        gray=_PUBLISHED_GRAY,
        colour=_PUBLISHED_COLOUR,
        training=TrainingConfig(
            steps=200_000,
            batch_size=256,
            optimizer="adam",
            learning_rate=1e-3,
            warmup_steps=2000,
            ema_decay=0.9999,
            checkpoint_every=5000,
            log_every=100,
        ),
    ),
}


def preset_experiment(preset: str, train_set: str, seed: int = 0, patch_size: int = 8) -> ExperimentConfig:
    """Configuration of a training run: a preset's settings for a data set.

    Parameters
    ----------
    preset
        `laptop`, `gpu` or `paper`.
    train_set
        Name of the data set in the catalog, or a file of arrays; its shape decides between gray and colour flow.
    seed
        Of the initial weights, the order of the images and the dequantisation noise.
    patch_size
        Height and width of embedded image patches, in pixels; a flow for them has as many levels as they can be halved.

    Raises
    ------
    UnknownNameError
        If there is no such preset or data set; the message suggests the nearest name.
    ConfigError
        If the patch size lies outside its range.
    ShapeError
        If no flow of the preset's family takes images of that size.
    """
    require_known("preset", preset, PRESETS)
    chosen, data = PRESETS[preset], DataConfig(train_set=train_set, patch_size=patch_size)
    event_shape = _event_shape(train_set, patch_size)
    model = chosen.gray if event_shape[0] == 1 else chosen.colour
    return ExperimentConfig(
        data=data,
        model=fit(model, event_shape),
        training=replace(chosen.training, seed=seed),
    )


def _event_shape(train_set: str, patch_size: int) -> EventShape:
    if is_array_file(train_set):
        # Here alone: reading arrays takes torch, for which no --help waits.
        from experiments.data.own_images import load_own_images

        return load_own_images(train_set).event_shape
    require_known("data set", train_set, DESCRIPTIONS)
    return DESCRIPTIONS[train_set].event_shape or (3, patch_size, patch_size)
