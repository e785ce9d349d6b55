"""Predicted against measured likelihoods of a trained flow on many input sets, kept in a run directory."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.comparison import Provenance, compare
from analysis.dequantization import dequantize
from analysis.inputs import InputSet, parse_input_set
from analysis.likelihood import summarize_likelihood
from curvature import Expansion, Ladder, SampleTerms, Viewpoint, expand, find_mode, look_from, sample_terms
from curvature.rungs.registry import rung_function
from experiments.data.catalog import require_known_set
from experiments.data.image_set import ImageSet
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import ComparisonConfig, ExpansionPoint
from experiments.study.default_inputs import default_input_names
from experiments.study.inputs import load_inputs, noise_generator, pixel_checksums
from experiments.study.trained_model import TrainedModel

STAGE = "compare"
OUTPUTS = ("measurements.csv", "predictions.csv", "comparison.csv", "comparison.json")

BATCH_SIZE = 10_000

Progress = Callable[[int, int, str], None]


def compare_inputs(
    trained: TrainedModel, config: ComparisonConfig, out: RunDirectory, progress: Progress | None = None
) -> pd.DataFrame:
    """Expand log p about the training mean and hold every rung of the ladder against the measured gap of every input.

    Parameters
    ----------
    trained
        The flow and its training images.
    config
        Input sets, number of images, rungs and seed.
    out
        Where ``measurements.csv``, ``predictions.csv``, ``comparison.csv`` and ``comparison.json`` are written. Nothing
        is computed again where they stand there already, made from the same checkpoint, images and settings.
    progress
        Called with the images done, the images in all and the set at hand.

    Returns
    -------
    DataFrame
        The tidy comparison (`analysis.comparison.compare`).

    Raises
    ------
    UnknownNameError, PixelRangeError
        If an input set's name cannot be read, or there is no path rung of a number of nodes.
    ShapeError, TooFewSamplesError, NonFiniteError
        If the images do not fit the model or are too few, or a likelihood is not finite.
    """
    inputs = read_input_names(trained.data.train_set, config.inputs)
    for nodes in config.nodes:
        rung_function(f"path-{nodes}")
    images = pixel_checksums(inputs, trained.train_images.event_shape[1])
    names = [str(name) for name in inputs]
    made_from = {**trained.identity(), "inputs": names, "images": images, "settings": config}
    out.stage(STAGE, made_from, OUTPUTS, lambda: _write(trained, config, inputs, made_from, out, progress))
    return pd.read_csv(out.comparison_path)


def read_input_names(train_set: str, names: tuple[str, ...]) -> tuple[InputSet, ...]:
    """Read and check the input sets' names before any work begins; the default ones where none are given."""
    parsed = tuple(parse_input_set(name) for name in names or default_input_names(train_set))
    for inputs in parsed:
        if not inputs.is_generated:
            require_known_set(inputs.set_name)
    return parsed


def expansion_of(trained: TrainedModel, seed: int, point: ExpansionPoint = "mean") -> Expansion:
    """Expand a trained flow's log p about the mean of its training images, or about the mode that ascent finds there.

    The mode is sought among images, pixels in [0, 1], starting from the mean.

    Raises
    ------
    ConvergenceError
        If the ascent ends at no mode.
    """
    mean = training_mean(trained.train_images, seed)
    if point == "mean":
        return expand(trained.model, at=mean)
    return expand(trained.model, at=find_mode(trained.model, mean, bounds=(0.0, 1.0)).point)


def training_mean(train_images: ImageSet, seed: int) -> Float[Tensor, "channels height width"]:
    """Mean of the dequantised training images, all of them."""
    # The mean alone: a covariance of sixty thousand images takes minutes, and nothing here needs it. In batches: a
    # million images as floats would not fit into memory.
    generator = noise_generator(seed)
    sums = (dequantize(x, generator).sum(0, dtype=torch.float64) for x in train_images.images.split(BATCH_SIZE))
    return sum(sums, torch.zeros(train_images.event_shape, dtype=torch.float64)) / len(train_images)


def _write(
    trained: TrainedModel,
    config: ComparisonConfig,
    inputs: tuple[InputSet, ...],
    made_from: dict[str, Any],
    out: RunDirectory,
    progress: Progress | None,
) -> None:
    rows = pd.concat(_compare_each(trained, config, inputs, progress), ignore_index=True)
    keys = ["run", "model", "train_set", "input_set"]
    measured = ["measured", "measured_se", "bpd", "bpd_se", "n_images", "seed"]
    predicted = ["rung", "predicted", "predicted_se", "route", "seed"]
    out.write_csv("measurements.csv", rows[keys + measured].drop_duplicates(ignore_index=True))
    out.write_csv("predictions.csv", rows[keys + predicted])
    out.write_csv("comparison.csv", rows)
    out.write_json("comparison.json", {**made_from, "environment": environment_record(config.seed)})


def _compare_each(
    trained: TrainedModel, config: ComparisonConfig, inputs: tuple[InputSet, ...], progress: Progress | None
) -> list[pd.DataFrame]:
    """Evaluate the training images once and every input set against them."""
    samples = load_samples(trained.train_images, inputs, config.n_images, config.seed)
    expansion = expansion_of(trained, config.seed, config.expansion_point)
    view = look_from(expansion, next(iter(samples.values()))[: config.mean_curvature_points])
    seen = see_samples(view, samples, config.nodes, progress=progress)
    provenance = Provenance(trained.run.path.name, trained.label, trained.data.train_set, config.seed)
    return compare_seen(seen, inputs, provenance)


def load_samples(train_images: ImageSet, inputs: Iterable[InputSet], n_images: int, seed: int) -> dict[str, Tensor]:
    """Dequantised images by the input sets' names; those of the training set come first."""
    shape = train_images.event_shape
    names = (InputSet(train_images.name, "train"), *inputs)
    return {str(name): load_inputs(name, n_images, shape, seed, patch_size=shape[1]) for name in names}


def see_samples(
    view: Viewpoint,
    samples: Mapping[str, Tensor],
    nodes: tuple[int, ...],
    rungs: tuple[str, ...] | None = None,
    progress: Progress | None = None,
) -> dict[str, SampleTerms]:
    """Evaluate every rung on each set, as `curvature.sample_terms` does; the first set is the others' reference."""
    total = sum(len(x) for x in samples.values())
    done, seen, reference = 0, dict[str, SampleTerms](), None
    for name, x in samples.items():
        report = None if progress is None else partial(_report, progress, done, total, name)
        seen[name] = sample_terms(view, x, nodes, rungs, name=name, reference=reference, progress=report)
        reference = reference or seen[name]
        done += len(x)
    return seen


def compare_seen(
    seen: Mapping[str, SampleTerms], inputs: Iterable[InputSet], provenance: Provenance
) -> list[pd.DataFrame]:
    """Hold every input set against the first set seen."""
    p = next(iter(seen.values()))
    names = dict.fromkeys(map(str, inputs))
    return [
        compare(Ladder.between(seen[name], p), summarize_likelihood(name, seen[name].measured, p.dim), provenance)
        for name in names
    ]


def _report(progress: Progress, before: int, total: int, name: str, part: int, _: int) -> None:
    """Count one set's images on from those of the sets before it."""
    progress(before + part, total, name)
