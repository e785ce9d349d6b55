"""Load a model by the name of a reference model or by its run directory."""

from dataclasses import dataclass
from pathlib import Path

from experiments.paper.reference_models.record import read_record
from experiments.paper.reference_models.shipped import WEIGHTS, find_model
from experiments.paper.reference_models.weights import load_reference_weights
from experiments.storage.run_directory import RunDirectory
from experiments.study.trained_model import TrainedModel, load_run, load_train_images, untrained_model


@dataclass(frozen=True)
class ReferenceModel(TrainedModel):
    """A reference model with the local copy of its training images."""

    trained_on: str = ""
    """SHA-256 of the images that it was trained on, from its record."""

    @property
    def weights_path(self) -> Path:
        """The file that the weights come from."""
        return self.run.path / WEIGHTS

    @property
    def notice(self) -> str | None:
        """A note that the local training images are not those that the model was trained on; None if they are."""
        if self.train_images.checksum == self.trained_on:
            return None
        return (
            f"note: the {len(self.train_images)} images of {self.train_images.label} found here are not the very ones "
            f"that {self.run.path.name} was trained on (another checksum); gaps are against those found here"
        )

    def identity(self) -> dict[str, str]:
        """As for any trained model, and the checksum of the images that this one was trained on."""
        return {**super().identity(), "trained_on": self.trained_on}


def load_model(name_or_run: Path | str) -> TrainedModel:
    """Read a reference model by its name or directory, or the trained flow of a run directory.

    Raises
    ------
    UnknownNameError
        If there is neither a model of that name nor a run.
    RunDirectoryError, CheckpointError
        If its record or its weights are incomplete, damaged, or do not fit each other.
    DataNotFoundError
        If its training images are not there; the message says which command fetches them.
    """
    path = find_model(name_or_run)
    return load_reference_model(path) if (path / WEIGHTS).is_file() else load_run(path)


def load_reference_model(path: Path) -> ReferenceModel:
    """Read the reference model of a directory; raises what `load_model` raises."""
    record = read_record(path)
    images = load_train_images(record.config)
    model = untrained_model(record.config, images)
    load_reference_weights(model, path / WEIGHTS)
    return ReferenceModel(RunDirectory(path), model, record.config, images, trained_on=record.train_checksum)
