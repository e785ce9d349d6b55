"""A trained flow, its configuration and its training images, read from its run directory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from analysis.inputs import InputSet, parse_input_set
from analysis.representation import Representation, representation_of
from curvature.errors import CheckpointError
from experiments.data.catalog import load_image_set
from experiments.data.image_set import ImageSet
from experiments.models.density import DensityModel
from experiments.models.registry import build, describe
from experiments.storage.file_digest import file_digest
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import ExperimentConfig
from experiments.training.checkpoint import load_ema_weights
from experiments.training.snapshot import load_snapshot, snapshot_path


class StudiedModel(Protocol):
    """What a study asks of a model, trained here or elsewhere."""

    @property
    def model(self) -> Any:
        """Its density, as `curvature.expand` takes it."""

    @property
    def representation(self) -> Representation:
        """How 8-bit images become the events of the density."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def label(self) -> str:
        """Name of its architecture."""

    @property
    def family(self) -> str:
        """Kind of model, or the library that it comes from."""

    @property
    def train_images(self) -> ImageSet:
        """What it was trained on."""

    @property
    def train_set(self) -> str:
        """Name of the data set it was trained on."""

    @property
    def training_input(self) -> InputSet:
        """The training images as an input set, which all others are held against."""

    def identity(self) -> dict[str, str]:
        """Digests of what any result of this model depends on."""


@dataclass(frozen=True)
class TrainedModel:
    """A flow in evaluation mode with its averaged weights, and the images it was trained on."""

    run: RunDirectory
    model: DensityModel
    experiment: ExperimentConfig
    """What it was trained with."""
    train_images: ImageSet
    step: int | None = None
    """The step whose snapshot the weights come from; None for the end of training."""

    @property
    def representation(self) -> Representation:
        """How 8-bit images become the events of the density."""
        return representation_of(self.model)

    @property
    def name(self) -> str:
        """Name of the run's directory."""
        return self.run.path.name

    @property
    def family(self) -> str:
        """Name of the family."""
        return self.experiment.model.kind

    @property
    def label(self) -> str:
        """Name of the architecture, as tables show it."""
        return describe(self.experiment.model).label

    @property
    def train_set(self) -> str:
        """Name of the data set it was trained on."""
        return self.experiment.data.train_set

    @property
    def training_input(self) -> InputSet:
        """The training images as an input set, with which all others are compared."""
        return parse_input_set(self.train_set, default_split="train")

    @property
    def weights_path(self) -> Path:
        """The file that the weights come from."""
        if self.step is None:
            return self.run.checkpoint_path
        return snapshot_path(self.run.snapshots_path, self.step)

    def identity(self) -> dict[str, str]:
        """SHA-256 of the file of weights and of the training images; every result of this model depends on both."""
        return {"checkpoint": file_digest(self.weights_path), "train_images": self.train_images.checksum}


def load_run(path: Path | str, step: int | None = None) -> TrainedModel:
    """Read the trained flow of a run directory.

    Parameters
    ----------
    step
        Take the snapshot of this step instead of the end of training, which need not have been reached.

    Raises
    ------
    RunDirectoryError
        If there is no such run.
    CheckpointError
        If its checkpoint (or snapshot) is missing, damaged, unfinished, or does not fit its configuration.
    """
    run = RunDirectory.open(path)
    experiment = read_experiment(run)
    images = load_train_images(experiment)
    model = untrained_model(experiment, images)
    trained = TrainedModel(run, model, experiment, images, step)
    if step is not None:
        load_snapshot(model, run.snapshots_path, step)
        return trained
    done, steps = load_ema_weights(model, run.checkpoint_path), experiment.training.steps
    if done < steps:
        raise CheckpointError(
            f"{run.path}: training stopped at step {done} of {steps}; "
            f"to go on: likelihood-curvature train --resume {run.path}"
        )
    return trained


def read_experiment(run: RunDirectory) -> ExperimentConfig:
    """Read the configuration of a training run; settings that older versions did not have take their defaults.

    Raises
    ------
    RunDirectoryError, ConfigError
        If it is no configuration of a training run.
    """
    return run.config_as(ExperimentConfig, parts=("data", "model", "training"))


def load_train_images(experiment: ExperimentConfig) -> ImageSet:
    """Read the images that a flow is trained on."""
    return load_image_set(experiment.data.train_set, "train", experiment.data.patch_size)


def untrained_model(experiment: ExperimentConfig, images: ImageSet) -> DensityModel:
    """The model of a configuration, for these images, before its training."""
    return build(experiment.model, images.event_shape, experiment.training.seed)
