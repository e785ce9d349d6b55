"""A trained flow and where it came from: trained in a run directory, or read back from one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from analysis.dequantization import require_pixels
from curvature.errors import CheckpointError
from experiments.configuration import DataConfig
from experiments.data.catalog import load_image_set
from experiments.data.image_set import ImageSet
from experiments.models.config import GlowConfig
from experiments.models.glow import Glow
from experiments.runs import RunDirectory
from experiments.training.checkpoint import load_ema_weights
from experiments.training.config import TrainingConfig
from experiments.training.device import select_device
from experiments.training.loop import TrainingResult, train
from experiments.training.progress import Progress


@dataclass(frozen=True)
class TrainedModel:
    """A flow in evaluation mode with its averaged weights, and the images it was trained on."""

    run: RunDirectory
    model: Glow
    data: DataConfig
    train_images: ImageSet

    @property
    def label(self) -> str:
        """Name of the architecture, as tables show it: kind, levels x steps, width and activation."""
        config = self.model.config
        return f"glow-{config.coupling}-{config.levels}x{config.steps}-w{config.width}-{config.activation}"

    def identity(self) -> dict[str, str]:
        """SHA-256 of the checkpoint file and of the training images: what any result of this model depends on."""
        with self.run.checkpoint_path.open("rb") as file:
            checkpoint = hashlib.file_digest(file, "sha256").hexdigest()
        return {"checkpoint": checkpoint, "train_images": self.train_images.checksum}


def train_run(run: RunDirectory, resume: bool = False, progress: Progress | None = None) -> TrainingResult:
    """Train the flow of a run directory's configuration; log, checkpoint and environment are kept there.

    Parameters
    ----------
    resume
        Continue from the run's checkpoint, if it has one.

    Raises
    ------
    ToolkitError
        Of the kinds that `experiments.training.loop.train` raises.
    """
    training = run.section("training", TrainingConfig)
    images = _train_images(run)
    require_pixels(images.images, images.label)
    device = select_device(training.device)
    run.write_environment(training.seed, str(device), {images.label: images.checksum})
    return train(_untrained(run, images), images.images, training, run, resume, progress)


def load_run(path: Path | str) -> TrainedModel:
    """Read the trained flow of a run directory.

    Raises
    ------
    RunDirectoryError
        If there is no such run.
    CheckpointError
        If its checkpoint is missing, damaged, unfinished, or does not fit its configuration.
    """
    run = RunDirectory.open(path)
    images = _train_images(run)
    model = _untrained(run, images)
    step, steps = load_ema_weights(model, run.checkpoint_path), run.section("training", TrainingConfig).steps
    if step < steps:
        raise CheckpointError(
            f"{run.path}: training stopped at step {step} of {steps}; "
            f"to go on: likelihood-curvature train --resume {run.path}"
        )
    return TrainedModel(run, model, run.section("data", DataConfig), images)


def _train_images(run: RunDirectory) -> ImageSet:
    data = run.section("data", DataConfig)
    return load_image_set(data.train_set, "train", data.patch_size)


def _untrained(run: RunDirectory, images: ImageSet) -> Glow:
    return Glow(images.event_shape, run.section("model", GlowConfig), run.section("training", TrainingConfig).seed)
