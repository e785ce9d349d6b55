"""Predicted against measured likelihoods of a trained flow: samples, rungs, and the tidy comparison of every input set.

`compare_samples` is the part that every study shares; `compare_inputs` keeps its tables in a run directory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd
from torch import Tensor

from analysis.comparison import BOUND_ERROR, Provenance, compare, split_table
from analysis.inputs import InputSet
from analysis.likelihood import summarize_likelihood
from analysis.parts import compare_parts
from curvature import Expansion
from curvature.units import BITS_PER_PIXEL
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, run_stage
from experiments.study.configuration import ComparisonConfig
from experiments.study.detection import with_auroc
from experiments.study.estimate_errors import with_bound_errors
from experiments.study.event_setting import event_setting
from experiments.study.parts import evaluate_parts
from experiments.study.progress import SILENT, Progress
from experiments.study.rungs import (
    RungSettings,
    RungValues,
    TrainingSide,
    evaluate_training_side,
    expansion_of,
    require_rungs,
)
from experiments.study.samples import load_samples, pixel_checksums, require_inputs
from experiments.study.trained_model import StudiedModel
from experiments.study.waic import waic_outputs, waic_table

RECORD, ABSENT = "comparison.json", "absent"
PARTS, SPLIT = "parts.csv", "split.csv"
OUTPUTS = ("measurements.csv", "predictions.csv", "comparison.csv", PARTS, SPLIT, RECORD)
VERSION = 5
KEYS = ["run", "model", "family", "train_set", "input_set"]
MEASURED = ["measured", "measured_se", "bpd", "bpd_se", "n_images", "seed"]
PREDICTED = ["rung", "kind", "predicted", "predicted_se", "route", "seed"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What came out for all input sets.

    Attributes
    ----------
    rows
        The tidy rows (`analysis.comparison.compare`).
    values
        Every rung on each image, by the sets' names, the training images first.
    expansion
        What they were evaluated with.
    absent
        Rungs that this model does not allow, and why.
    samples
        Events by the sets' names, the training images first.
    split
        Every gap in three parts (`analysis.comparison.split_table`), where `taylor2` and `gaussian` were evaluated.
    """

    rows: pd.DataFrame
    values: Mapping[str, RungValues]
    expansion: Expansion
    absent: Mapping[str, str]
    samples: Mapping[str, Tensor]
    split: pd.DataFrame


def compare_inputs(
    trained: StudiedModel, config: ComparisonConfig, out: RunDirectory, progress: Progress = SILENT
) -> pd.DataFrame:
    """Expand log p about the training mean, and compare every rung with the measured gap of every input set.

    Parameters
    ----------
    trained
        The model and its training images.
    config
        Input sets (at least one), number of images, rungs and seed.
    out
        Where ``measurements.csv``, ``predictions.csv``, ``comparison.csv``, ``split.csv`` (without rows where the rung
        `gaussian` was not asked for), ``parts.csv`` (`analysis.parts`; without rows for a model that does not split log
        p) and ``comparison.json`` are written. Nothing is computed again where they stand there unchanged, made from
        the same weights, images and settings.
    progress
        Counts images.

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
    inputs = require_comparable(config.inputs, rung_settings(config))
    made_from = {
        **trained.identity(),
        "inputs": [str(name) for name in inputs],
        "images": pixel_checksums(inputs, trained.train_images.event_shape[1], trained.representation),
        "settings": config,
    }
    stage = Stage("comparison", VERSION, made_from, OUTPUTS + waic_outputs(trained))

    def make() -> None:
        comparison, parts = _compare(trained, config, inputs, progress)
        rows = comparison.rows
        measured = rows[[*KEYS, *MEASURED, *rows.columns.intersection([BOUND_ERROR])]].drop_duplicates(
            ignore_index=True
        )
        out.write_csv("measurements.csv", with_auroc(measured, comparison.values, str(trained.training_input)))
        out.write_csv("predictions.csv", rows[KEYS + PREDICTED])
        out.write_csv("comparison.csv", rows)
        for name in waic_outputs(trained):
            out.write_csv(name, waic_table(trained, comparison.samples, provenance_of(trained, config.seed)))
        out.write_csv(PARTS, parts)
        out.write_csv(SPLIT, comparison.split)
        record = {**made_from, ABSENT: comparison.absent, "environment": environment_record(config.seed)}
        out.write_json(RECORD, record)

    run_stage(out, stage, make, progress.say)
    return pd.read_csv(out.comparison_path)


def absent_rungs(out: RunDirectory) -> tuple[tuple[str, str], ...]:
    """Rungs that a finished comparison lacks, each with the reason, as ``comparison.json`` tells them."""
    return tuple(out.read_json(RECORD)[ABSENT].items())


def split_of(out: RunDirectory) -> pd.DataFrame:
    """The three parts of every gap, as a finished comparison wrote them; no rows without the rung `gaussian`."""
    return pd.read_csv(out.file(SPLIT))


def parts_of(out: RunDirectory) -> pd.DataFrame:
    """The gap part by part, as a finished comparison wrote it."""
    return pd.read_csv(out.file(PARTS))


def require_comparable(inputs: Iterable[str], settings: RungSettings) -> tuple[InputSet, ...]:
    """Check the names of input sets and rungs, and the numbers of nodes, of any study before its work begins.

    Returns
    -------
    tuple
        The input sets.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If an input set's name cannot be read, or there is no such data set or rung.
    ConfigError
        If there are no input sets.
    """
    require_rungs(settings)
    return require_inputs(inputs)


def rung_settings(config: ComparisonConfig) -> RungSettings:
    """The rungs of a comparison."""
    return RungSettings(config.nodes, config.mean_curvature_points, config.rungs or None)


def provenance_of(trained: StudiedModel, seed: int) -> Provenance:
    """What the rows name as their source: run, model, training set, and the seed of the noise."""
    return Provenance(trained.name, trained.label, trained.family, trained.train_set, seed)


def compare_samples(
    expansion: Expansion,
    samples: Mapping[str, Tensor],
    inputs: Iterable[InputSet],
    settings: RungSettings,
    provenance: Provenance,
    progress: Progress,
    bits: float = BITS_PER_PIXEL,
) -> Comparison:
    """Evaluate every rung on the training images once, and compare every input set with them.

    Parameters
    ----------
    expansion
        Expansion of the model's log p.
    samples
        Events of the images by the input sets' names, the training images first (`load_samples`).
    inputs
        The input sets that get rows.
    settings, provenance
        Which rungs, and what the rows name as their source.
    progress
        Counts images.
    bits
        Bits per dimension that make log p comparable with 8-bit images (`Representation.bits`).
    """
    names = dict.fromkeys(map(str, inputs))
    train_name, x_train = next(iter(samples.items()))
    done, total = len(x_train), sum(map(len, samples.values()))
    side = evaluate_training_side(expansion, samples, settings, progress.part(0, done, total))
    values, tables, splits = {train_name: side.values}, [], []
    for name in names:
        count = 0 if name == train_name else len(samples[name])
        values[name] = side.evaluate(name, progress.part(done, count, total))
        ladder = side.ladder(values[name])
        measured = summarize_likelihood(name, values[name].measured, values[name].dim, bits)
        tables.append(compare(ladder, measured, provenance))
        splits.append(split_table(ladder, measured, provenance))
        done += count
    return Comparison(
        pd.concat(tables, ignore_index=True), values, side.expansion, side.absent, samples, joined(splits)
    )


def compare_set(side: TrainingSide, name: str, values: RungValues, provenance: Provenance, bits: float) -> pd.DataFrame:
    """Rows of one input set, one for each rung; `bits` per dimension as for `compare_samples`."""
    return compare(side.ladder(values), summarize_likelihood(name, values.measured, values.dim, bits), provenance)


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all tables; tables without rows would make pandas guess at types, and are left out."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _compare(
    trained: StudiedModel, config: ComparisonConfig, inputs: tuple[InputSet, ...], progress: Progress
) -> tuple[Comparison, pd.DataFrame]:
    """Compare, and split every gap into the parts of log p."""
    counts = dict.fromkeys((trained.training_input, *inputs), config.n_images)
    samples = load_samples(
        counts,
        trained.train_images.event_shape,
        config.seed,
        trained.representation,
        event_setting(trained, config.seed),
    )
    expansion = expansion_of(trained, config.seed, config.expansion_point)
    provenance, bits = provenance_of(trained, config.seed), trained.representation.bits
    found = compare_samples(expansion, samples, inputs, rung_settings(config), provenance, progress, bits)
    found = replace(found, rows=with_bound_errors(found.rows, trained.model, samples))
    parts = evaluate_parts(found.expansion, samples, found.values, progress)
    train, names = parts[str(trained.training_input)], dict.fromkeys(map(str, inputs))
    tables = [compare_parts(parts[name], train, name, expansion.dim, provenance) for name in names]
    return found, pd.concat(tables, ignore_index=True)
