"""The settings of a training run. No torch here: the command line shows them as options and must start at once."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args, get_type_hints

from experiments.settings import require_at_least, require_setting


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; checked when it is made.

    Raises
    ------
    ConfigError
        If a setting lies outside its range or contradicts another one.
    """

    steps: int = 2000
    """Number of optimizer steps, each on one batch."""
    batch_size: int = 64
    """Images in a batch; an epoch drops the last, incomplete batch of its random order."""
    optimizer: Literal["adamax", "adam"] = "adamax"
    """Update rule."""
    learning_rate: float = 1e-2
    """Highest learning rate, reached at the end of the warm-up."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decay of the optimizer's running gradient and of its running gradient size."""
    warmup_steps: int = 100
    """Steps in which the learning rate rises linearly to its highest value; 0 for none."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """Learning rate after the warm-up: held, or lowered to zero along a line or half a cosine."""
    clip_norm: float | None = 50.0
    """Largest Euclidean norm of the whole gradient (bits/dim per unit of weight); None for no clipping."""
    ema_decay: float = 0.999
    """Decay of the running average of the weights, which evaluation uses; lower in the first steps; 0 for none."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the training step; bfloat16 is autocast with float32 weights. Evaluation never uses it."""
    channels_last: bool = True
    """Keep images and kernels with the channel as the fastest axis, which CPU and GPU convolutions prefer."""
    seed: int = 0
    """Seed of the order of the images and of the dequantisation noise."""
    checkpoint_every: int = 500
    """Steps between checkpoints; one more is kept at the end and on Ctrl-C."""
    log_every: int = 20
    """Steps that one row of the log averages over."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes a CUDA device if there is one."""
    gradient_accumulation: int = 1
    """Parts that a process computes its share of a batch in, one after the other: less memory for the same batch."""
    compile: bool = False
    """Compile log p and its gradient with torch.compile: minutes at the start, faster steps; needs a C++ compiler."""
    data_on_device: Literal["auto", "yes", "no"] = "auto"
    """Hold all training images on the computing device; auto does where they take at most a quarter of its memory."""
    tensorboard: bool = False
    """Write the log and the evaluations for TensorBoard too, to tensorboard/ in the run directory."""

    def __post_init__(self) -> None:
        require_at_least(self, "training", steps=1, batch_size=1, checkpoint_every=1, log_every=1)
        require = partial(require_setting, self, "training")
        fits = 1 <= self.gradient_accumulation <= self.batch_size
        require("gradient_accumulation", fits, f"between 1 and batch_size = {self.batch_size}")
        require("learning_rate", 0 < self.learning_rate < math.inf, "a positive number")
        require("betas", all(0 <= beta < 1 for beta in self.betas), "two numbers in [0, 1)")
        require("warmup_steps", 0 <= self.warmup_steps <= self.steps, f"between 0 and steps = {self.steps}")
        is_norm = self.clip_norm is None or 0 < self.clip_norm < math.inf
        require("clip_norm", is_norm, "a positive number or None")
        require("ema_decay", 0 <= self.ema_decay < 1, "a number in [0, 1)")
        require("seed", self.seed >= 0, "a whole number of at least 0")
        for name in ("optimizer", "schedule", "precision", "device", "data_on_device"):
            allowed = get_args(get_type_hints(type(self))[name])
            require(name, getattr(self, name) in allowed, f"one of {', '.join(allowed)}")
