"""Train as a run directory's configuration says, with evaluation and records during training."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from analysis.dequantization import require_pixels
from analysis.representation import Representation, representation_of
from experiments.data.image_set import ImageSet
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import ExperimentConfig
from experiments.study.samples import load_inputs, read_input_names
from experiments.study.trained_model import load_train_images, read_experiment, untrained_model
from experiments.training.environment_observer import EnvironmentObserver
from experiments.training.evaluation import Evaluation, evaluated_steps
from experiments.training.loop import TrainingResult, train
from experiments.training.observer import Observer
from experiments.training.processes import Processes
from experiments.training.progress import Progress as TrainingProgress
from experiments.training.tensorboard import TensorBoard


def train_run(
    run: RunDirectory,
    resume: bool = False,
    progress: TrainingProgress | None = None,
    processes: Processes | None = None,
) -> TrainingResult:
    """Train the flow of a run directory's configuration, and keep log, evaluations, weights and environment there.

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
    experiment = read_experiment(run)
    processes = processes or Processes.join(experiment.training.device)
    images = processes.in_all(partial(_load_pixels, experiment))
    observers: list[Observer] = []
    with ExitStack() as stack:
        model = untrained_model(experiment, images)
        represented = representation_of(model)
        processes.from_main(partial(_add_observers, observers, stack, run, experiment, images, represented, processes))
        return train(model, images.images, experiment.training, run, resume, progress, observers, processes)


def _load_pixels(experiment: ExperimentConfig) -> ImageSet:
    images = load_train_images(experiment)
    require_pixels(images.images, images.label)
    return images


def _add_observers(
    observers: list[Observer],
    stack: ExitStack,
    run: RunDirectory,
    experiment: ExperimentConfig,
    images: ImageSet,
    represented: Representation,
    processes: Processes,
) -> None:
    """Add the observers of the main process: the record of the environment, evaluation, TensorBoard."""
    training = experiment.training
    checksums = {images.label: images.checksum}
    observers.append(EnvironmentObserver(run, training.seed, str(processes.device), checksums))
    evaluation = _evaluation(run, experiment, images, represented)
    if evaluation is not None:
        observers.append(evaluation)
    if training.tensorboard:
        board = TensorBoard(run.path / "tensorboard", evaluation)
        stack.callback(board.close)
        observers.append(board)


def _evaluation(
    run: RunDirectory, experiment: ExperimentConfig, images: ImageSet, represented: Representation
) -> Evaluation | None:
    """Make the observer that evaluates during training, with its images; None if evaluation is switched off."""
    settings, training, shape = experiment.evaluation, experiment.training, images.event_shape
    if settings.per_decade == 0:
        return None
    own = (f"{images.name}/train", f"{images.name}/test") if images.split else (images.name,)
    names = read_input_names(settings.inputs or own)
    # Features are computed when they are evaluated, by the model as it then is.
    pixels = replace(represented, embed=None)
    inputs = {
        str(name): load_inputs(name, settings.n_images, shape, training.seed, shape[1], pixels).float()
        for name in names
    }
    return Evaluation(inputs, evaluated_steps(training.steps, settings.per_decade), run)
