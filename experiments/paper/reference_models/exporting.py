"""From a finished run to a reference model: weights, record, measured likelihoods and model card in one directory."""

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.inputs import InputSet
from analysis.likelihood import Measurement, measure
from curvature.errors import ConfigError, RunDirectoryError, ToolkitError
from experiments.data.descriptions import DESCRIPTIONS
from experiments.models.flow import Flow
from experiments.models.registry import build
from experiments.paper.default_inputs import default_input_names
from experiments.paper.reference_models.card import render_card
from experiments.paper.reference_models.record import LIKELIHOOD_COLUMNS, read_record
from experiments.paper.reference_models.shipped import CARD, LIKELIHOODS, WEIGHTS
from experiments.paper.reference_models.weights import load_reference_weights, save_reference_weights
from experiments.storage.atomic_write import cannot_write, write_json, write_text
from experiments.storage.environment import environment_record
from experiments.storage.file_digest import file_digest
from experiments.study.samples import load_inputs, read_input_names
from experiments.study.trained_model import TrainedModel, load_run
from experiments.training.log import read_log

COPIED = ("config.json", "log.csv")
COPIED_IF_THERE = ("evaluations.csv",)

Progress = Callable[[str], None]


def export_run(
    run: Path | str, name: str, directory: Path, replace: bool = False, n_images: int = 1000, progress: Progress = print
) -> Path:
    """Write the reference model of a finished run; the directory appears whole or not at all.

    Parameters
    ----------
    run
        The run directory.
    name
        What the model shall be called.
    directory
        Where ``NAME/`` is written.
    replace
        Put it in the place of a model of that name.
    n_images
        Images of each input set in the card's table of likelihoods.
    progress
        Told of every likelihood measured.

    Returns
    -------
    Path
        The model's directory.

    Raises
    ------
    ConfigError
        If the name would make no good directory, or the run was trained on one's own arrays.
    RunDirectoryError
        If there is such a model already and `replace` is False, or something cannot be read or written.
    CheckpointError
        If the run is not finished, or its weights are too large.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ConfigError(f"model name {name!r}: expected lower-case letters, digits, '_' and '-'")
    target = directory / name
    if target.exists() and not replace:
        raise RunDirectoryError(f"{target}: is there already; give --replace to put this run in its place")
    trained = load_run(run)
    if trained.train_set not in DESCRIPTIONS:
        raise ConfigError(f"{run}: was trained on {trained.train_set}; a reference model is of a set of the catalog")
    with _directory_replacement(target) as unfinished:
        _write(trained, unfinished, name, n_images, progress)
    return target


def _write(trained: TrainedModel, out: Path, name: str, n_images: int, progress: Progress) -> None:
    """Write all files of the model into a directory that exists."""
    for file in COPIED:
        shutil.copyfile(trained.run.path / file, out / file)
    for file in COPIED_IF_THERE:
        if (trained.run.path / file).is_file():
            shutil.copyfile(trained.run.path / file, out / file)
    storage = save_reference_weights(out / WEIGHTS, trained.model, trained.experiment.training.steps)
    stored = build(trained.experiment.model, trained.train_images.event_shape)
    load_reference_weights(stored, out / WEIGHTS)
    rows = _likelihoods(stored, trained, n_images, progress)
    pd.DataFrame(rows, columns=LIKELIHOOD_COLUMNS).to_csv(out / LIKELIHOODS, index=False)
    weights = {
        "storage": storage,
        "bytes": (out / WEIGHTS).stat().st_size,
        "sha256": file_digest(out / WEIGHTS),
        "parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "bpd_moved_by_storage": _moved(stored, trained, rows[0]),
    }
    write_json(out / "environment.json", {**_environment(trained), "weights": weights})
    write_text(out / CARD, render_card(read_record(out, unfinished=True), name))


def _environment(trained: TrainedModel) -> dict[str, Any]:
    """The run's record, with what it says nothing of: how long it took, what the images are, and who exported it."""
    images, last = trained.train_images, read_log(trained.run.log_path)[-1]
    description = DESCRIPTIONS[images.name]
    return {
        **trained.run.environment(),
        "exported_by": environment_record()["package"],
        "training": {
            "steps": last.step,
            "seconds": last.seconds,
            "bits_per_dim_of_last_batches": last.bits_per_dim,
            "images_per_second": last.images_per_second,
        },
        "train_images": {
            "label": images.label,
            "title": description.title,
            "count": len(images),
            "shape": list(images.event_shape),
            "source": images.source,
            "preprocessing": images.preprocessing,
            "licence": images.licence,
            "citation": images.citation,
            "homepage": description.homepage,
            "sha256": images.checksum,
        },
    }


def _likelihoods(model: Flow, trained: TrainedModel, n_images: int, progress: Progress) -> list[dict[str, Any]]:
    """Bits per dimension of the stored weights on the training images and on the default inputs of a comparison."""
    rows = []
    for inputs in (trained.training_input, *read_input_names(default_input_names(trained.train_set))):
        measured = _measure(model, trained, inputs, n_images)
        progress(str(measured))
        row = asdict(measured)
        row["bpd"], row["bpd_se"] = row.pop("bits_per_dim"), row.pop("standard_error")
        rows.append({column: row[column] for column in LIKELIHOOD_COLUMNS})
    return rows


def _measure(model: Flow, trained: TrainedModel, inputs: InputSet, n_images: int) -> Measurement:
    shape = trained.train_images.event_shape
    x = load_inputs(inputs, n_images, shape, trained.experiment.training.seed, patch_size=shape[1]).float()
    return measure(model.log_prob, x, str(inputs))


def _moved(stored: Flow, trained: TrainedModel, row: dict[str, Any]) -> float:
    """Bits per dimension by which storing the weights moved the training images' likelihood."""
    measured = _measure(trained.model, trained, trained.training_input, row["n_images"])
    return float(row["bpd"]) - measured.bits_per_dim


@contextmanager
def _directory_replacement(target: Path) -> Iterator[Path]:
    """Yield a new directory beside the target, which takes its place when the block ends well."""
    mark = secrets.token_hex(4)
    unfinished, old = (target.with_name(f".{target.name}.{mark}.{end}") for end in ("tmp", "old"))
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        if target.exists():
            target.rename(old)
        unfinished.rename(target)
    except ToolkitError:
        raise
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        for leftover in (unfinished, old):
            shutil.rmtree(leftover, ignore_errors=True)
