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
from experiments.data.registry import DESCRIPTIONS
from experiments.models.density import DensityModel
from experiments.models.registry import build
from experiments.paper.default_inputs import default_input_names
from experiments.paper.reference_models.card import render_card
from experiments.paper.reference_models.record import LIKELIHOOD_COLUMNS, MACHINE, read_environment, read_record
from experiments.paper.reference_models.shipped import CARD, LIKELIHOODS, WEIGHTS
from experiments.paper.reference_models.weights import load_reference_weights, save_reference_weights
from experiments.storage.atomic_write import cannot_write, write_json, write_text
from experiments.storage.directory_lock import held_directory
from experiments.storage.environment import environment_record
from experiments.storage.file_digest import file_digest
from experiments.storage.run_directory import RunDirectory
from experiments.study.memory_needs import require_memory_for_inputs
from experiments.study.samples import load_inputs, read_input_names
from experiments.study.trained_model import TrainedModel, load_run
from experiments.training.evaluations import read_evaluations
from experiments.training.log import last_row

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
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise ConfigError(f"model name {name!r}: expected at most 64 lower-case letters, digits, '_' and '-'")
    target = directory / name
    trained = load_run(run)
    _require_record(trained.run)
    if trained.train_set not in DESCRIPTIONS:
        raise ConfigError(f"{run}: was trained on {trained.train_set}; a reference model is of a set of the catalog")
    with held_directory(directory):
        _clear_up(target)
        if target.exists() and not replace:
            raise RunDirectoryError(f"{target}: is there already; give --replace to put this run in its place")
        with _directory_replacement(target) as unfinished:
            _write(trained, unfinished, name, n_images, progress)
    return target


def _require_record(run: RunDirectory) -> None:
    """Raise unless the run has all the files that a model's record is made of, and they can be read."""
    for file in (*COPIED, run.environment_path.name):
        if not run.file(file).is_file():
            raise RunDirectoryError(
                f"{run.file(file)}: is not there, and a model's record is made of it; train the run again elsewhere"
            )
    last_row(run.log_path)
    run.environment()


def _write(trained: TrainedModel, out: Path, name: str, n_images: int, progress: Progress) -> None:
    """Write all files of the model into a directory that exists."""
    environment = _environment(trained)
    if trained.run.evaluations_path.exists():
        read_evaluations(trained.run.evaluations_path)  # what is copied must be sound
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
    write_json(out / "environment.json", {**environment, "weights": weights})
    write_text(out / CARD, render_card(read_record(out, unfinished=True), name))


def _environment(trained: TrainedModel) -> dict[str, Any]:
    """Return the run's record, extended by its training time, its training images, and the exporting version."""
    images, last = trained.train_images, last_row(trained.run.log_path)
    description = DESCRIPTIONS[images.name]
    return {
        **read_environment(trained.run, MACHINE, "train the run again"),
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


def _likelihoods(model: DensityModel, trained: TrainedModel, n_images: int, progress: Progress) -> list[dict[str, Any]]:
    """Measure the bits per dimension of the stored weights on the training images and the default input sets."""
    shown = (trained.training_input, *read_input_names(default_input_names(trained.train_set)))
    require_memory_for_inputs(dict.fromkeys(shown, n_images), trained.train_images.event_shape)
    rows = []
    for inputs in shown:
        measured = _measure(model, trained, inputs, n_images)
        progress(str(measured))
        row = asdict(measured)
        row["bpd"], row["bpd_se"] = row.pop("bits_per_dim"), row.pop("standard_error")
        rows.append({column: row[column] for column in LIKELIHOOD_COLUMNS})
    return rows


def _measure(model: DensityModel, trained: TrainedModel, inputs: InputSet, n_images: int) -> Measurement:
    shape, represented = trained.train_images.event_shape, trained.representation
    x = load_inputs(inputs, n_images, shape, trained.experiment.training.seed, shape[1], represented).float()
    return measure(model.log_prob, x, str(inputs), bits=represented.bits)


def _moved(stored: DensityModel, trained: TrainedModel, row: dict[str, Any]) -> float:
    """Bits per dimension by which storing the weights moved the training images' likelihood."""
    measured = _measure(trained.model, trained, trained.training_input, row["n_images"])
    return float(row["bpd"]) - measured.bits_per_dim


def _clear_up(target: Path) -> None:
    """Remove what an export that was killed has left; a model that it had moved out of the way comes back."""
    for old in target.parent.glob(f".{target.name}.*.old"):
        if not target.exists():
            old.rename(target)
    for leftover in (*target.parent.glob(f".{target.name}.*.old"), *target.parent.glob(f".{target.name}.*.tmp")):
        shutil.rmtree(leftover, ignore_errors=True)


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
