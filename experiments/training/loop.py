"""Maximum-likelihood training: minimise the bits per dimension of dequantised images (docs/theory.md, eqs. 1 and 2)."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import cast

import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from analysis.representation import representation_of
from curvature.errors import RunDirectoryError, ShapeError, ToolkitError
from experiments.interruption import InterruptRequest, deferred_interrupt
from experiments.storage.directory_lock import directory_lock
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import content_hash
from experiments.training.batches import Batches
from experiments.training.checkpoint import Checkpoint, read_checkpoint
from experiments.training.config import TrainingConfig
from experiments.training.errors import OtherProcessError, TrainingInterrupted
from experiments.training.identity import training_identity
from experiments.training.observer import Observer
from experiments.training.processes import Processes
from experiments.training.progress import Progress
from experiments.training.records import Records
from experiments.training.state import TrainingState
from experiments.training.update import Signals, Updater


@dataclass(frozen=True)
class TrainingResult:
    """What came out of a training run."""

    steps: int
    """Steps done, those before a resumption included."""
    bits_per_dim: float
    """Exponential moving average of the training loss (bits/dim), decay 0.99."""
    seconds: float
    """Time spent in training, interruptions left out."""
    images_per_second: float
    """Images seen over that time."""

    def __str__(self) -> str:
        return (
            f"{self.steps} steps in {self.seconds:.1f} s ({self.images_per_second:.0f} images/s): "
            f"{self.bits_per_dim:.3f} bits/dim on training batches"
        )


def train(
    model: nn.Module,
    images: UInt8[Tensor, "n c h w"],
    config: TrainingConfig,
    run: RunDirectory,
    resume: bool = False,
    progress: Progress | None = None,
    observers: Sequence[Observer] = (),
    processes: Processes | None = None,
) -> TrainingResult:
    """Train a model, and keep its log and checkpoint in the run directory.

    The same model, images and settings give the same weights, bit for bit on the CPU, whether in one go or resumed any
    number of times: see `experiments.training.randomness`.

    Parameters
    ----------
    model
        Any module with ``log_prob(x) -> [B]`` nats. If it has layers with data-dependent initialisation (a buffer
        ``initialised`` that is False), ``model.initialise`` gets the first batch, or as many images as the model's
        ``initialisation_images`` says. Trained in place and moved to the device; on return in evaluation mode, with the
        averaged weights.
    images
        8-bit pixels, at least one batch; held on the device throughout where they fit (`data_on_device`).
    config
        The settings.
    run
        Where ``log.csv`` and ``checkpoint.safetensors`` are kept.
    resume
        Continue from the run's checkpoint. A run that was stopped before it kept one starts from its first step.
    progress
        Called after every row of the log.
    observers
        Called between steps in the main process; their time does not count as time of training.
    processes
        Those that train together; found by `Processes.join` unless given. They see the same batches whatever their
        number, and only the main one writes.

    Returns
    -------
    TrainingResult
        Steps, loss and time.

    Raises
    ------
    DtypeError, ShapeError, TooFewSamplesError
        If the images do not suit the model or a batch.
    ConfigError
        If CUDA is asked for and missing, a batch has too few images for the processes, or these were given different
        images or settings.
    RunDirectoryError
        If the run holds a checkpoint and `resume` is False, is being trained by another process, or cannot be written.
    CheckpointError
        If the checkpoint is damaged or belongs to another model, other settings or other images.
    TrainingInterrupted
        On Ctrl-C, after the step in progress (of several processes, or the next one) was finished and kept.
    NonFiniteTrainingError
        If the loss or its gradient is not finite; the weights were not updated with it, the last checkpoint stays.
    OtherProcessError
        In the other processes, where the main one met an error.
    """
    processes = processes or Processes.join(config.device)
    cells = representation_of(model).cells
    batches = Batches(images, config.batch_size, config.seed, processes.device, config.data_on_device, cells)
    _require_event_shape(model, images)
    updater = Updater(model, batches, config, processes)
    with ExitStack() as stack:
        checkpoint = processes.from_main(partial(_take_up, stack, run, resume))
        state = _begin(model, images, updater, checkpoint, run.checkpoint_path)
        kept_step = None if checkpoint is None else checkpoint.step
        records = Records(config, processes, run, kept_step, progress, observers)
        stack.callback(records.close)
        interrupt = stack.enter_context(deferred_interrupt())
        try:
            records.begin(state)
            _advance_to_the_end(state, updater, records, interrupt)
        except KeyboardInterrupt:
            interrupt.requested = True
        if state.is_consistent:
            records.keep(state)
        if interrupt.requested:
            raise TrainingInterrupted(state.step if state.is_consistent else records.kept_step or 0, run.path)
    model.load_state_dict(state.evaluation_tensors())
    model.eval()
    seconds = records.time.seconds
    speed = config.steps * config.batch_size / seconds if seconds else 0.0
    return TrainingResult(config.steps, state.sums.mean_bits_per_dim, seconds, speed)


def _take_up(stack: ExitStack, run: RunDirectory, resume: bool) -> Checkpoint | None:
    """Lock the run directory, and read its checkpoint, if it has one."""
    stack.enter_context(directory_lock(run.path))
    if not run.checkpoint_path.exists():
        return None
    if not resume:
        raise RunDirectoryError(
            f"{run.path}: already holds a checkpoint; resume it (likelihood-curvature train --resume {run.path}) "
            "or choose another directory"
        )
    return read_checkpoint(run.checkpoint_path)


def _begin(
    model: nn.Module, images: Tensor, updater: Updater, checkpoint: Checkpoint | None, checkpoint_path: Path
) -> TrainingState:
    """Put the model on the device and into the state before the next step, the same in every process."""
    config, processes = updater.config, updater.processes
    identity = training_identity(model, images, config)
    processes.require_same(content_hash(identity), "model, settings or images")
    model.to(processes.device)
    if config.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    if checkpoint is None and _awaits_data(model):
        cast(Callable[[Tensor], None], model.initialise)(_initial_images(model, updater))
    processes.copy_from_main_(list(model.state_dict().values()))
    state = TrainingState.start(model, config, identity)
    if checkpoint is not None:
        state.restore(checkpoint, config, checkpoint_path)
    return state


def _advance_to_the_end(state: TrainingState, updater: Updater, records: Records, interrupt: InterruptRequest) -> None:
    """Do step after step, until the last one or until all processes know that they must stop."""
    alone = updater.processes.count == 1
    failure: ToolkitError | None = None
    while state.step < updater.config.steps and not (alone and interrupt.requested):
        begun = perf_counter()
        state.is_consistent = False
        update = updater(state, Signals(interrupt.requested, failure is not None))
        if update.signals.failed:
            break
        try:
            records.after_step(state, update, perf_counter() - begun)
        except (KeyboardInterrupt, ToolkitError) as error:
            if alone or not (isinstance(error, ToolkitError) or state.is_consistent):
                raise
            # The other processes wait for the next sum of gradients, which also tells them of this.
            if isinstance(error, ToolkitError):
                failure = error
            else:
                interrupt.requested = True
        if update.signals.interrupted and not alone:
            interrupt.requested = True
            break
    if failure is not None:
        raise failure
    if state.step < updater.config.steps and not interrupt.requested:
        raise OtherProcessError("the main process could not go on; its own message says why")


def _initial_images(model: nn.Module, updater: Updater) -> Tensor:
    """The dequantised images that initialise a model: the first batch, or as many as it asks for."""
    dtype, count = next(model.parameters()).dtype, getattr(model, "initialisation_images", None)
    return updater.batch(0, dtype, slice(None)) if count is None else updater.batches.head(count, dtype)


def _awaits_data(model: nn.Module) -> bool:
    """Whether some layer has yet to be initialised from data."""
    flags = (flag for name, flag in model.named_buffers() if name.rpartition(".")[2] == "initialised")
    return not all(bool(flag) for flag in flags)


def _require_event_shape(model: nn.Module, images: Tensor) -> None:
    """Raise a ShapeError unless the images have the shape that the model was made for (if it says so)."""
    wanted = getattr(model, "image_shape", getattr(model, "event_shape", None))
    if wanted is not None and tuple(images.shape[1:]) != tuple(wanted):
        raise ShapeError(f"training images: expected [N, {', '.join(map(str, wanted))}], got {list(images.shape)}")
