"""Predicted against measured likelihoods of a trained flow on many input sets, kept in a run directory."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from analysis.comparison import Provenance, compare
from analysis.dequantization import dequantize
from analysis.inputs import InputSet, parse_input_set
from analysis.likelihood import summarize_likelihood
from curvature import Expansion, Ladder, Moments, SampleTerms, expand, find_mode, look_from, sample_terms
from curvature.rungs import rung_names
from experiments.configuration import ComparisonConfig, ExpansionPoint, default_inputs
from experiments.data.catalog import EMBEDDED, require_known_set
from experiments.environment import environment_record
from experiments.inputs import load_inputs, noise_generator
from experiments.runs import RunDirectory
from experiments.trained_model import TrainedModel

STAGE = "compare"
OUTPUTS = ("measurements.csv", "predictions.csv", "comparison.csv", "comparison.json")

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
        is computed again where they stand there already, made from the same checkpoint and settings.
    progress
        Called with the images done, the images in all and the set at hand.

    Returns
    -------
    DataFrame
        The tidy comparison (`analysis.comparison.compare`).

    Raises
    ------
    UnknownNameError, PixelRangeError
        If an input set's name cannot be read.
    ShapeError, TooFewSamplesError, NonFiniteError
        If the images do not fit the model or are too few, or a likelihood is not finite.
    """
    inputs = read_input_names(trained.data.train_set, config.inputs)
    rung_names(config.nodes)
    made_from = {**trained.identity(), "inputs": [str(name) for name in inputs], "settings": config}
    out.stage(STAGE, made_from, OUTPUTS, lambda: _write(trained, config, inputs, made_from, out, progress))
    return pd.read_csv(out.comparison_path)


def read_input_names(train_set: str, names: tuple[str, ...]) -> tuple[InputSet, ...]:
    """Read and check the input sets' names before any work begins; the default ones where none are given."""
    parsed = tuple(parse_input_set(name) for name in names or default_inputs(train_set, EMBEDDED))
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
    x_train = dequantize(trained.train_images.images, noise_generator(seed))
    mean = Moments.from_samples(x_train).mean
    if point == "mean":
        return expand(trained.model, at=mean)
    return expand(trained.model, at=find_mode(trained.model, mean, bounds=(0.0, 1.0)).point)


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
    event_shape, data = trained.train_images.event_shape, trained.data
    work = {str(name): load_inputs(name, config.n_images, event_shape, config.seed, data.patch_size) for name in inputs}
    own = InputSet(data.train_set, "train")
    x_own = load_inputs(own, config.n_images, event_shape, config.seed, data.patch_size)
    expansion = expansion_of(trained, config.seed, config.expansion_point)
    view = look_from(expansion, x_own[: config.mean_curvature_points])
    total = len(x_own) + sum(len(x) for x in work.values())
    done = 0

    def terms(name: str, x: Any, reference: SampleTerms | None = None) -> SampleTerms:
        nonlocal done
        before = done
        report = None if progress is None else lambda part, _: progress(before + part, total, name)
        result = sample_terms(view, x, config.nodes, name=name, reference=reference, progress=report)
        done += len(x)
        return result

    p = terms(str(own), x_own)
    provenance = Provenance(trained.run.path.name, trained.label, data.train_set, config.seed)
    comparisons = []
    for name, x in work.items():
        q = terms(name, x, reference=p)
        measurement = summarize_likelihood(name, q.measured, q.dim)
        comparisons.append(compare(Ladder.between(q, p), measurement, provenance))
    return comparisons
