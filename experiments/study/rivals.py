"""Rival explanations of a model's log p, side by side with the second order: scores of all images, and their tables."""

import gzip
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.inputs import InputSet
from analysis.rival_comparison import BootstrapOptions, compare_rivals
from analysis.rivals.evaluation import EvaluatedScore, evaluate_scores, require_scores
from analysis.rivals.score import Score, ScoredImages, ScoreOptions, ScoreSetting
from curvature.errors import ConfigError
from experiments.storage.atomic_write import write_bytes
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, run_stage
from experiments.study.comparison import provenance_of
from experiments.study.event_setting import event_setting
from experiments.study.progress import SILENT, Progress
from experiments.study.rivals_config import RivalsConfig
from experiments.study.rungs import expansion_of
from experiments.study.samples import pixel_checksums, require_inputs
from experiments.study.scored_images import reference_events, require_enough_training_images, score_inputs
from experiments.study.trained_model import StudiedModel

VERSION = 1
EXPLAINED, DETECTORS, SCORES, RECORD = "rivals.csv", "rival_auroc.csv", "rival_scores.csv.gz", "rivals.json"
OUTPUTS = (EXPLAINED, DETECTORS, SCORES, RECORD)


def require_rivals(config: RivalsConfig, training: InputSet) -> tuple[tuple[InputSet, ...], tuple[Score, ...]]:
    """Check the names of input sets and scores before any work begins.

    Raises
    ------
    UnknownNameError, PixelRangeError
        If a name cannot be read, or there is no such set or score.
    ConfigError
        If there are no input sets beside the training images.
    """
    inputs, chosen = require_inputs(config.inputs), require_scores(config.scores)
    if set(inputs) == {training}:
        raise ConfigError(f"--inputs: expected an input set beside the training images {training}")
    return inputs, chosen


def study_rivals(
    trained: StudiedModel, config: RivalsConfig, out: RunDirectory, progress: Progress = SILENT
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the images of every input set, and compare what the scores explain.

    Parameters
    ----------
    trained
        The model and its training images.
    config
        Input sets (at least one), numbers of images, scores and seed.
    out
        Where ``rivals.csv``, ``rival_auroc.csv``, ``rival_scores.csv.gz`` (a row for each image) and ``rivals.json``
        are written, unless they stand there unchanged, made from the same weights, images and settings.
    progress
        Counts scores.

    Returns
    -------
    tuple
        The tables of `analysis.rival_comparison.RivalTables`.

    Raises
    ------
    UnknownNameError, PixelRangeError, ConfigError
        As `require_rivals`.
    TooFewSamplesError, ShapeError, NonFiniteError
        If the images do not fit the model or are too few, or log p is not finite.
    """
    inputs, chosen = require_rivals(config, trained.training_input)
    require_enough_training_images(trained)
    made_from = {
        **trained.identity(),
        "inputs": [str(name) for name in inputs],
        "images": pixel_checksums(inputs, trained.train_images.event_shape[1], trained.representation),
        "scores": [score.name for score in chosen],
        "settings": config,
    }

    def make() -> None:
        sets, evaluated = _evaluate(trained, config, inputs, chosen, progress)
        log_p = {images.name: images.log_p.double().numpy() for images in sets}
        options = BootstrapOptions(config.resamples, config.seed)
        synthetic = {str(name) for name in inputs if name.is_generated}
        tables = compare_rivals(log_p, evaluated, provenance_of(trained, config.seed), options, synthetic)
        out.write_csv(EXPLAINED, tables.explained)
        out.write_csv(DETECTORS, tables.detectors)
        # Without a time of writing, so that the same numbers make the same file.
        table = _per_image(sets, evaluated).to_csv(index=False).encode()
        write_bytes(out.file(SCORES), gzip.compress(table, mtime=0))
        out.write_json(RECORD, {**made_from, "environment": environment_record(config.seed)})

    run_stage(out, Stage("rivals", VERSION, made_from, OUTPUTS), make, progress.say)
    return pd.read_csv(out.file(EXPLAINED)), pd.read_csv(out.file(DETECTORS))


def _evaluate(
    trained: StudiedModel,
    config: RivalsConfig,
    inputs: tuple[InputSet, ...],
    chosen: tuple[Score, ...],
    progress: Progress,
) -> tuple[list[ScoredImages], list[EvaluatedScore]]:
    expansion = expansion_of(trained, config.seed)
    sets = score_inputs(trained, expansion, inputs, config.n_images, config.seed)
    setting = ScoreSetting(
        expansion=expansion,
        model=event_setting(trained, config.seed).model,
        train=sets[0],
        reference=reference_events(trained, config.n_images, config.n_reference, config.seed),
        representation=trained.representation,
        n_scored=sum(len(images.events) for images in sets),
        options=ScoreOptions(config.probes, config.neighbours, config.seed),
    )
    return sets, evaluate_scores(setting, sets, chosen, progress)


def _per_image(sets: Sequence[ScoredImages], evaluated: Sequence[EvaluatedScore]) -> pd.DataFrame:
    """A row for each image: its set, its number there, log p in nats, and the scores that there are."""
    rows = [
        pd.DataFrame(
            {
                "input_set": images.name,
                "image": np.arange(len(images.events)),
                "log_p": images.log_p.double().numpy(),
                **{each.score.name: each.values[images.name] for each in evaluated if not each.absent},
            }
        )
        for images in sets
    ]
    return pd.concat(rows, ignore_index=True)
