"""A trained flow and where it came from: trained in a run directory, or read back from one."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from analysis.dequantization import require_pixels
from analysis.inputs import parse_input_set
from curvature.errors import CheckpointError
from experiments.data.catalog import load_image_set
from experiments.data.image_set import ImageSet
from experiments.models.config import ModelConfig
from experiments.models.flow import Flow
from experiments.models.registry import build, describe
from experiments.storage.file_digest import file_digest
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import DataConfig, EvaluationConfig
from experiments.study.inputs import load_inputs
from experiments.training.checkpoint import load_ema_weights
from experiments.training.config import TrainingConfig
from experiments.training.environment_observer import EnvironmentObserver
from experiments.training.evaluation import Evaluation, evaluated_steps
from experiments.training.loop import TrainingResult, train
from experiments.training.observer import Observer
from experiments.training.processes import Processes
from experiments.training.progress import Progress
from experiments.training.snapshot import load_snapshot, snapshot_path
from experiments.training.tensorboard import TensorBoard


@dataclass(frozen=True)
class TrainedModel:
    """A flow in evaluation mode with its averaged weights, and the images it was trained on."""

    run: RunDirectory
    model: Flow
    architecture: ModelConfig
    data: DataConfig
    train_images: ImageSet
    step: int | None = None
    """The step whose snapshot the weights come from; None for the end of training."""

    @property
    def label(self) -> str:
        """Name of the architecture, as tables show it."""
        return describe(self.architecture).label

    @property
    def weights_path(self) -> Path:
        """The file that the weights come from."""
        if self.step is None:
            return self.run.checkpoint_path
        return snapshot_path(self.run.snapshots_path, self.step)

    def identity(self) -> dict[str, str]:
        """SHA-256 of the file of weights and of the training images: what any result of this model depends on."""
        return {"checkpoint": file_digest(self.weights_path), "train_images": self.train_images.checksum}


def train_run(
    run: RunDirectory,
    resume: bool = False,
    progress: Progress | None = None,
    processes: Processes | None = None,
) -> TrainingResult:
    """Train the flow of a run directory's configuration; log, evaluations, weights and environment are kept there.

    Parameters
    ----------
    resume
        Continue from the run's checkpoint, if it has one.
    processes
        Those that train together; found by `Processes.join` unless given.

    Raises
    ------
    ToolkitError
        Of the kinds that `experiments.training.loop.train` raises, and those of the input sets to be evaluated.
    """
    training = run.section("training", TrainingConfig)
    images = _train_images(run)
    require_pixels(images.images, images.label)
    processes = processes or Processes.join(training.device)
    observers: list[Observer] = []
    with ExitStack() as stack:
        processes.from_main(partial(_add_observers, observers, stack, run, images, processes))
        model = _untrained(run, images)
        return train(model, images.images, training, run, resume, progress, observers, processes)


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
    images = _train_images(run)
    model = _untrained(run, images)
    architecture, data = run.section("model", ModelConfig), run.section("data", DataConfig)
    trained = TrainedModel(run, model, architecture, data, images, step)
    if step is not None:
        load_snapshot(model, run.snapshots_path, step)
        return trained
    done, steps = load_ema_weights(model, run.checkpoint_path), run.section("training", TrainingConfig).steps
    if done < steps:
        raise CheckpointError(
            f"{run.path}: training stopped at step {done} of {steps}; "
            f"to go on: likelihood-curvature train --resume {run.path}"
        )
    return trained


def _add_observers(
    observers: list[Observer], stack: ExitStack, run: RunDirectory, images: ImageSet, processes: Processes
) -> None:
    """Add what looks on in the main process: the record of the environment, evaluation, TensorBoard."""
    training = run.section("training", TrainingConfig)
    checksums = {images.label: images.checksum}
    observers.append(EnvironmentObserver(run, training.seed, str(processes.device), checksums))
    evaluation = _evaluation(run, images, training)
    if evaluation is not None:
        observers.append(evaluation)
    if training.tensorboard:
        board = TensorBoard(run.path / "tensorboard", evaluation)
        stack.callback(board.close)
        observers.append(board)


def _evaluation(run: RunDirectory, images: ImageSet, training: TrainingConfig) -> Evaluation | None:
    """What is evaluated during training, its images loaded; None if that is switched off."""
    # Runs of versions without this section have no settings of their own for it.
    settings = run.section("evaluation", EvaluationConfig) if "evaluation" in run.config() else EvaluationConfig()
    if settings.per_decade == 0:
        return None
    shape = images.event_shape
    names = settings.inputs or (f"{images.name}/train", f"{images.name}/test")
    parsed = [parse_input_set(name) for name in names]
    inputs = {
        str(name): load_inputs(name, settings.n_images, shape, training.seed, patch_size=shape[1]).float()
        for name in parsed
    }
    return Evaluation(inputs, evaluated_steps(training.steps, settings.per_decade), run)


def _train_images(run: RunDirectory) -> ImageSet:
    data = run.section("data", DataConfig)
    return load_image_set(data.train_set, "train", data.patch_size)


def _untrained(run: RunDirectory, images: ImageSet) -> Flow:
    return build(run.section("model", ModelConfig), images.event_shape, run.section("training", TrainingConfig).seed)
