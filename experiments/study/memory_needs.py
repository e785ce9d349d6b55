"""How much memory training and input sets need, checked before any work begins."""

from collections.abc import Mapping
from math import ceil, prod

import torch

from analysis.inputs import InputSet
from experiments.data.catalog import load_image_set, require_known_set
from experiments.data.registry import DESCRIPTIONS
from experiments.memory import FLOAT32, FLOAT64, require_memory
from experiments.models.registry import EventShape, size
from experiments.study.configuration import DataConfig, ExperimentConfig

COPIES_OF_WEIGHTS = 6
"""Weights, gradient, the optimizer's two averages, the running average, and its copy for evaluation."""
BYTES_PER_PIXEL = 1 + 2 * FLOAT64
"""An 8-bit pixel, its noise, and the sum of both."""


def event_shape_of(data: DataConfig) -> EventShape:
    """The event shape of the training images, without reading those that are files.

    Raises
    ------
    UnknownNameError
        If there is no such data set.
    ShapeError
        If embedded images cannot be made that large.
    """
    require_known_set(data.train_set)
    described = DESCRIPTIONS.get(data.train_set)  # None for one's own arrays
    return (described and described.event_shape) or load_image_set(data.train_set, "train", data.patch_size).event_shape


def require_memory_for_training(experiment: ExperimentConfig, processes: int = 1) -> None:
    """Refuse a training run whose weights or batches exceed the memory.

    Batches are checked on the CPU alone: another device has its own memory, and says itself when it is full.

    Parameters
    ----------
    experiment
        Data, model and training.
    processes
        How many such runs there are at a time.

    Raises
    ------
    ConfigError
        If they do.
    ShapeError
        If the model does not take images of that shape.
    """
    training = experiment.training
    found = size(experiment.model, event_shape_of(experiment.data))
    weights = processes * COPIES_OF_WEIGHTS * FLOAT32 * found.parameters
    require_memory(weights, f"training a model of {found.parameters:,} weights", "make the model narrower or shallower")
    if training.device == "cpu" or (training.device == "auto" and not torch.cuda.is_available()):
        images = ceil(training.batch_size / training.gradient_accumulation)
        batch = processes * FLOAT32 * images * found.activations
        what = f"the gradient of {images:,} images at once"
        require_memory(weights + batch, what, "lower the batch size, or raise gradient accumulation")


def require_memory_for_inputs(counts: Mapping[InputSet, int], event_shape: EventShape) -> None:
    """Refuse more generated images than fit into the memory; a data set gives no more than it holds.

    Parameters
    ----------
    counts
        How many images of each input set.
    event_shape
        Channels, height and width of an image.

    Raises
    ------
    ConfigError
        If they do not fit.
    """
    images = sum(count for inputs, count in counts.items() if inputs.is_generated)
    needed = BYTES_PER_PIXEL * images * prod(event_shape)
    require_memory(needed, f"generating {images:,} images", "lower the number of images")
