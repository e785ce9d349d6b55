"""Maximum-likelihood training: minimise the bits per dimension of dequantised images (docs/theory.md, eqs. 1 and 2)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import cast

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from curvature.errors import RunDirectoryError, ShapeError
from curvature.units import bits_per_dim
from experiments.runs import RunDirectory
from experiments.training.averaging import update_average, warmed_decay
from experiments.training.batches import Batches
from experiments.training.checkpoint import read_checkpoint, save_checkpoint
from experiments.training.config import TrainingConfig
from experiments.training.device import select_device
from experiments.training.diagnosis import first_non_finite_output, non_finite_gradient
from experiments.training.errors import NonFiniteTrainingError, TrainingInterrupted
from experiments.training.identity import training_identity
from experiments.training.interruption import deferred_interrupt
from experiments.training.log import LogRow, TrainingLog
from experiments.training.observer import Observer
from experiments.training.optimizer import trainable_parameters
from experiments.training.progress import Progress
from experiments.training.schedule import learning_rate
from experiments.training.state import TrainingState

LOSS_MEAN_DECAY = 0.99


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
) -> TrainingResult:
    """Train a model, and keep its log and checkpoint in the run directory.

    The same model, images and settings give the same weights, bit for bit on the CPU, whether in one go or resumed any
    number of times: see `experiments.training.randomness`.

    Parameters
    ----------
    model
        Any module with ``log_prob(x) -> [B]`` nats. If it has layers with data-dependent initialisation (a buffer
        ``initialised`` that is False), ``model.initialise`` gets the first batch. Trained in place and moved to the
        device; on return in evaluation mode, with the averaged weights.
    images
        8-bit pixels, at least one batch; held on the device throughout.
    config
        The settings.
    run
        Where ``log.csv`` and ``checkpoint.safetensors`` are kept.
    resume
        Continue from the run's checkpoint. A run that was stopped before it kept one starts from its first step.
    progress
        Called after every row of the log.
    observers
        Called between steps; their time does not count as time of training.

    Returns
    -------
    TrainingResult
        Steps, loss and time.

    Raises
    ------
    DtypeError, ShapeError, TooFewSamplesError
        If the images do not suit the model or a batch.
    ConfigError
        If CUDA is asked for and missing.
    RunDirectoryError
        If the run holds a checkpoint and `resume` is False, or cannot be written.
    CheckpointError
        If the checkpoint is damaged or belongs to another model, other settings or other images.
    TrainingInterrupted
        On Ctrl-C, after the step in progress was finished and kept.
    NonFiniteTrainingError
        If the loss or its gradient is not finite; the weights were not updated with it, the last checkpoint stays.
    """
    device = select_device(config.device)
    batches = Batches(images, config.batch_size, config.seed, device)
    _require_event_shape(model, batches.images)
    if run.checkpoint_path.exists() and not resume:
        raise RunDirectoryError(
            f"{run.path}: already holds a checkpoint; resume it (likelihood-curvature train --resume {run.path}) "
            "or choose another directory"
        )
    state = _begin(model, batches, config, run.checkpoint_path)
    with TrainingLog(run.log_path, state.step) as log, deferred_interrupt() as interrupt:
        try:
            for observer in observers:
                observer.begin(state)
            while state.step < config.steps and not interrupt.requested:
                _advance(state, batches, config, run.checkpoint_path, log, progress, observers)
        except KeyboardInterrupt:
            interrupt.requested = True
        if state.is_consistent:
            save_checkpoint(run.checkpoint_path, state.checkpoint())
        if interrupt.requested:
            kept = state.step if state.is_consistent else _step_kept(run.checkpoint_path)
            raise TrainingInterrupted(kept, run.path)
    model.load_state_dict(state.evaluation_tensors())
    model.eval()
    seconds = state.sums.seconds
    speed = config.steps * config.batch_size / seconds if seconds else 0.0
    return TrainingResult(config.steps, state.sums.mean_bits_per_dim, seconds, speed)


def _begin(model: nn.Module, batches: Batches, config: TrainingConfig, checkpoint_path: Path) -> TrainingState:
    """Put the model on the device and into the state before the next step: from the checkpoint if there is one."""
    checkpoint = read_checkpoint(checkpoint_path) if checkpoint_path.exists() else None
    identity = training_identity(model, batches.images, config)
    model.to(batches.images.device)
    if config.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    if checkpoint is None:
        if _awaits_data(model):
            cast(Callable[[Tensor], None], model.initialise)(_batch(model, batches, 0, config))
        return TrainingState.start(model, config, identity)
    state = TrainingState.start(model, config, identity)
    state.restore(checkpoint, config, checkpoint_path)
    return state


def _advance(
    state: TrainingState,
    batches: Batches,
    config: TrainingConfig,
    checkpoint_path: Path,
    log: TrainingLog,
    progress: Progress | None,
    observers: Sequence[Observer],
) -> None:
    """Do one step and what is due after it: a row of the log, a checkpoint, a word about progress."""
    begun = perf_counter()
    state.is_consistent = False
    rate = learning_rate(state.step, config)
    loss, gradient_norm = _update(state, _batch(state.model, batches, state.step, config), rate, config)
    state.sums.add(loss, gradient_norm, warmed_decay(LOSS_MEAN_DECAY, state.step), perf_counter() - begun)
    state.step += 1
    is_last = state.step == config.steps
    row = None
    if state.step % config.log_every == 0 or is_last:
        row = _end_row(state, rate, config.batch_size)
        log.append(row)
    state.is_consistent = True
    for observer in observers:
        observer.after_step(state)
    if state.step % config.checkpoint_every == 0 and not is_last:
        save_checkpoint(checkpoint_path, state.checkpoint())
    if row is not None and progress is not None:
        seconds_left = (config.steps - state.step) * row.seconds / state.step
        progress(state.step, config.steps, row.bits_per_dim, row.images_per_second, seconds_left)


def _update(
    state: TrainingState, batch: Float[Tensor, "b c h w"], rate: float, config: TrainingConfig
) -> tuple[float, float]:
    """Move the weights by one optimizer step and their average after them; the loss and the gradient's norm before."""
    model, optimizer = state.model, state.optimizer
    evaluate = partial(_loss, model, batch, config)
    optimizer.zero_grad(set_to_none=True)
    loss = evaluate()
    loss.backward()
    parameters = list(trainable_parameters(model).values())
    for parameter in parameters:
        if parameter.grad is None:  # a weight that this model leaves unused still has a state to keep
            parameter.grad = torch.zeros_like(parameter)
    norm = torch.nn.utils.get_total_norm([cast(Tensor, parameter.grad) for parameter in parameters])
    # One transfer for both numbers: on a GPU each waits for the device.
    loss_value, norm_value = torch.stack([loss.detach().double(), norm.double()]).tolist()
    if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
        layer = first_non_finite_output(model, evaluate) or non_finite_gradient(model) or "norm of the gradient"
        raise NonFiniteTrainingError(state.step + 1, layer)
    if config.clip_norm is not None:
        torch.nn.utils.clip_grads_with_norm_(parameters, config.clip_norm, norm)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    update_average(state.average, model, warmed_decay(config.ema_decay, state.step))
    return loss_value, norm_value


def _loss(model: nn.Module, batch: Float[Tensor, "b c h w"], config: TrainingConfig) -> Float[Tensor, ""]:
    """Mean bits per dimension of a batch (docs/theory.md, eq. 2), in the configured precision."""
    with torch.autocast(batch.device.type, dtype=torch.bfloat16, enabled=config.precision == "bfloat16"):
        log_p = cast(Callable[[Tensor], Tensor], model.log_prob)(batch)
    if log_p.shape != batch.shape[:1]:
        raise ShapeError(f"log_prob: expected one value per image, shape {[len(batch)]}, got {list(log_p.shape)}")
    return bits_per_dim(log_p.to(batch.dtype), batch[0].numel()).mean()


def _batch(model: nn.Module, batches: Batches, step: int, config: TrainingConfig) -> Float[Tensor, "b c h w"]:
    """Batch of a step, in the precision of the weights and the configured memory layout."""
    batch = batches.at(step, next(model.parameters()).dtype)
    return batch.contiguous(memory_format=torch.channels_last) if config.channels_last else batch


def _end_row(state: TrainingState, rate: float, batch_size: int) -> LogRow:
    """Turn the running sums into a row of the log, and begin the next."""
    sums = state.sums
    row = LogRow(
        step=state.step,
        bits_per_dim=sums.bits_per_dim / sums.steps,
        gradient_norm=sums.gradient_norm / sums.steps,
        learning_rate=rate,
        images_per_second=sums.steps * batch_size / max(sums.row_seconds, 1e-9),
        seconds=sums.seconds,
    )
    sums.start_row()
    return row


def _awaits_data(model: nn.Module) -> bool:
    """Whether some layer has yet to be initialised from data."""
    flags = (flag for name, flag in model.named_buffers() if name.rpartition(".")[2] == "initialised")
    return not all(bool(flag) for flag in flags)


def _step_kept(checkpoint_path: Path) -> int:
    """Step of the checkpoint on the disk, 0 if there is none."""
    return read_checkpoint(checkpoint_path).step if checkpoint_path.exists() else 0


def _require_event_shape(model: nn.Module, images: Tensor) -> None:
    """Raise a ShapeError unless the images have the shape that the model was made for (if it says so)."""
    wanted = getattr(model, "event_shape", None)
    if wanted is not None and tuple(images.shape[1:]) != tuple(wanted):
        raise ShapeError(f"training images: expected [N, {', '.join(map(str, wanted))}], got {list(images.shape)}")
