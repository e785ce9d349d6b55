"""Presets: sizes of models and settings of training by name, for a laptop, a GPU, and at the published sizes.

A preset is one file of `experiments.paper.preset_settings`. No torch here.
"""

from dataclasses import replace

from curvature.discovery import discover
from curvature.names import require_known
from experiments.data.file_names import is_array_file
from experiments.data.registry import DESCRIPTIONS
from experiments.models.registry import EventShape, fit
from experiments.paper.preset import Preset
from experiments.study.configuration import DataConfig, ExperimentConfig

PRESETS: dict[str, Preset] = {preset.name: preset for preset in discover("experiments.paper.preset_settings", "PRESET")}


def preset_experiment(preset: str, train_set: str, seed: int = 0, patch_size: int = 8) -> ExperimentConfig:
    """Configuration of a training run: a preset's settings for a data set.

    Parameters
    ----------
    preset
        Name of the preset.
    train_set
        Name of the data set in the catalog, or a file of arrays; its shape decides for the gray or the colour model.
    seed
        Of the initial weights, the order of the images and the dequantisation noise.
    patch_size
        Height and width of embedded image patches, in pixels; the model is fitted to them (`Family.fit`).

    Raises
    ------
    UnknownNameError
        If there is no such preset or data set; the message suggests the nearest name.
    ConfigError
        If the patch size lies outside its range.
    ShapeError
        If no model of the preset's family takes images of that size.
    """
    require_known("preset", preset, PRESETS)
    chosen, data = PRESETS[preset], DataConfig(train_set=train_set, patch_size=patch_size)
    event_shape = _event_shape(train_set, patch_size)
    is_gray = event_shape[0] == 1
    model = chosen.gray if is_gray else chosen.colour
    steps = chosen.training.steps if is_gray or chosen.colour_steps is None else chosen.colour_steps
    return ExperimentConfig(
        data=data,
        model=fit(model, event_shape),
        training=replace(chosen.training, steps=steps, seed=seed),
    )


def _event_shape(train_set: str, patch_size: int) -> EventShape:
    if is_array_file(train_set):
        # Here alone: reading arrays takes torch, for which no --help waits.
        from experiments.data.own_images import load_own_images

        return load_own_images(train_set).event_shape
    require_known("data set", train_set, DESCRIPTIONS)
    return DESCRIPTIONS[train_set].event_shape or (3, patch_size, patch_size)
