"""One step of training: the loss of a batch, its gradient summed over processes and parts, and the optimizer's step."""

import math
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import ConfigError
from experiments.training.averaging import update_average, warmed_decay
from experiments.training.batches import Batches
from experiments.training.config import TrainingConfig
from experiments.training.diagnosis import first_non_finite_output, non_finite_gradient
from experiments.training.errors import NonFiniteTrainingError
from experiments.training.objective import Objective
from experiments.training.optimizer import trainable_parameters
from experiments.training.processes import Processes
from experiments.training.schedule import learning_rate
from experiments.training.state import TrainingState

Images = Float[Tensor, "b c h w"]
Parts = tuple[tuple[Images, Float[Tensor, "b draws"]], ...]


@dataclass(frozen=True)
class Signals:
    """Why training should stop; each process sends its own with a step's gradients, and all receive the same."""

    interrupted: bool = False
    """Ctrl-C was pressed."""
    failed: bool = False
    """The main process met an error between steps, such as a full disk."""


@dataclass(frozen=True)
class Update:
    """What a step did."""

    bits_per_dim: float
    """Loss of the whole batch before the step (bits/dim)."""
    gradient_norm: float
    """Euclidean norm of its gradient, before clipping."""
    learning_rate: float
    """Learning rate of the step."""
    signals: Signals
    """What any of the processes signalled."""


class Updater:
    """Does the steps of a run, in as many processes and parts as there are.

    The batch of a step does not depend on their number. Every process takes its share of the images and of the noise,
    and adds up the gradients of ``gradient_accumulation`` parts of it. So the loss curve differs by nothing but
    rounding.

    Parameters
    ----------
    model
        The model that is trained.
    batches
        The batch of every step.
    config
        The settings.
    processes
        Those that train together.

    Raises
    ------
    ConfigError
        If a batch has fewer images than there are parts in all processes, or there is no compiler where one is needed.
    """

    def __init__(self, model: nn.Module, batches: Batches, config: TrainingConfig, processes: Processes) -> None:
        least = processes.count * config.gradient_accumulation
        if config.batch_size < least:
            raise ConfigError(
                f"training setting batch_size: expected at least {least}, an image for each of {processes.count} "
                f"processes x {config.gradient_accumulation} parts, got {config.batch_size}"
            )
        self.batches = batches
        self.config = config
        self.processes = processes
        self._objective = Objective.of(model, config.compile, config.cuda_graphs)

    def batch(self, step: int, dtype: torch.dtype, share: slice | None = None) -> Images:
        """Images of a step in the configured memory layout: this process's share, unless another one is given."""
        batch = self.batches.at(step, dtype, self.processes.share(self.config.batch_size) if share is None else share)
        return batch.contiguous(memory_format=torch.channels_last) if self.config.channels_last else batch

    def __call__(self, state: TrainingState, signals: Signals) -> Update:
        """Move the weights by one optimizer step, and their average after them; the state's counters stay.

        Raises
        ------
        NonFiniteTrainingError
            In every process, if the loss or its gradient is not finite; the weights were not updated with it.
        """
        parts = self._parts(state)
        # The gradients go before the next forward pass, which with CUDA graphs takes their memory again.
        state.optimizer.zero_grad(set_to_none=True)
        if self.config.cuda_graphs:
            torch.compiler.cudagraph_mark_step_begin()
        loss = self._accumulate(parts)
        gradients = _gradients(state.model)
        sent = loss.new_tensor([signals.interrupted, signals.failed]) if self.processes.count > 1 else None
        if sent is not None:
            self.processes.sum_([*gradients, loss, sent])
        norm = torch.nn.utils.get_total_norm(gradients)
        # One transfer for both numbers: on a GPU each waits for the device.
        loss_value, norm_value = torch.stack([loss.double(), norm.double()]).tolist()
        if math.isinf(norm_value) and self.config.clip_norm is not None:
            # The squares of a finite gradient may exceed float32; clipping makes it small again. Without clipping, the
            # optimizer's own squares would become infinite, and the weights would never change again.
            norm = torch.nn.utils.get_total_norm([gradient.double() for gradient in gradients])
            norm_value = float(norm)
        if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
            raise NonFiniteTrainingError(state.step + 1, self._broken_layer(state.model, parts))
        rate = learning_rate(state.step, self.config)
        self._move(state, norm, rate)
        return Update(loss_value, norm_value, rate, signals if sent is None else Signals(*map(bool, sent.tolist())))

    def _accumulate(self, parts: Parts) -> Float[Tensor, ""]:
        """Add up the gradients of the parts of a batch; their share of the mean loss of the whole."""
        losses = []
        for part, noise in parts:
            loss = self._objective.loss(part, noise, self._is_low_precision)
            if len(part) < self.config.batch_size:
                loss = loss * (len(part) / self.config.batch_size)
            loss.backward()
            losses.append(loss.detach())
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()

    @property
    def _is_low_precision(self) -> bool:
        return self.config.precision == "bfloat16"

    def _parts(self, state: TrainingState) -> Parts:
        """The images of a step, and the noise of the objective, in as many parts as the gradient is computed in."""
        share, count = self.processes.share(self.config.batch_size), self.config.gradient_accumulation
        images = self.batch(state.step, next(state.model.parameters()).dtype)
        noise = self._objective.noise(self.config.seed, state.step, self.config.batch_size, share, images)
        return tuple(zip(images.tensor_split(count), noise.tensor_split(count), strict=True))

    def _move(self, state: TrainingState, norm: Tensor, rate: float) -> None:
        """Clip the gradient, step the optimizer and the average."""
        if self.config.clip_norm is not None:
            parameters = trainable_parameters(state.model).values()
            torch.nn.utils.clip_grads_with_norm_(parameters, self.config.clip_norm, norm)
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        state.optimizer.step()
        update_average(state.average, state.model, warmed_decay(self.config.ema_decay, state.step))

    def _broken_layer(self, model: nn.Module, parts: Parts) -> str:
        """Name what is not finite, in whichever process it broke; the uncompiled model tells."""
        loss = self._objective.uncompiled.loss
        found = (first_non_finite_output(model, partial(loss, *part, self._is_low_precision)) for part in parts)
        everywhere = self.processes.gather(next((name for name in found if name is not None), None))
        named = next((name for name in everywhere if name is not None), None)
        return named or non_finite_gradient(model) or "norm of the gradient"


def _gradients(model: nn.Module) -> list[Tensor]:
    """Gradients of all trainable parameters."""
    parameters = trainable_parameters(model).values()
    for parameter in parameters:
        if parameter.grad is None:  # the optimizer keeps a state for weights, too, that the model does not use
            parameter.grad = torch.zeros_like(parameter)
    return [cast(Tensor, parameter.grad) for parameter in parameters]
