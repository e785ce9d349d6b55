"""The settings of a training run. No torch here: the command line shows them as options and must start at once."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, get_args, get_type_hints

from experiments.settings import Range, Seed, StepCount, require_ranges, require_setting

Decay = Annotated[float, Range(0, 1, without_high=True)]


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; checked when it is made.

    Raises
    ------
    ConfigError
        If a setting lies outside its range or contradicts another one.
    """

    steps: StepCount = 2000
    """Number of optimizer steps, each on one batch."""
    batch_size: Annotated[int, Range(1, 10**6)] = 64
    """Images in a batch; an epoch drops the last, incomplete batch of its random order."""
    optimizer: Literal["adamax", "adam"] = "adamax"
    """Update rule."""
    learning_rate: Annotated[float, Range(0, 1000, without_low=True)] = 1e-2
    """Highest learning rate, reached at the end of the warm-up."""
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    """Decay of the optimizer's running gradient and of its running gradient size."""
    warmup_steps: Annotated[int, Range(0, 10**9)] = 100
    """Steps in which the learning rate rises linearly to its highest value; 0 for none."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """Learning rate after the warm-up: held, or lowered to zero along a line or half a cosine."""
    clip_norm: Annotated[float, Range(0, 1e30, without_low=True)] | None = 50.0
    """Largest Euclidean norm of the whole gradient (bits/dim per unit of weight); None for no clipping."""
    ema_decay: Decay = 0.999
    """Decay of the running average of the weights, which evaluation uses; lower in the first steps; 0 for none."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the training step; bfloat16 is autocast with float32 weights. Evaluation never uses it."""
    channels_last: bool = True
    """Keep images and kernels with the channel as the fastest axis, which CPU and GPU convolutions prefer."""
    seed: Seed = 0
    """Seed of the order of the images and of the dequantisation noise."""
    checkpoint_every: StepCount = 500
    """Steps between checkpoints; one more is kept at the end and on Ctrl-C."""
    log_every: StepCount = 20
    """Steps that one row of the log averages over."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; auto takes a CUDA device if there is one."""
    gradient_accumulation: Annotated[int, Range(1, 10**6)] = 1
    """Parts that a process computes its share of a batch in, one after the other: less memory for the same batch."""
    compile: bool = False
    """Compile log p and its gradient with torch.compile: minutes at the start, faster steps; needs a C++ compiler."""
    cuda_graphs: bool = False
    """Replay the compiled log p and gradient as CUDA graphs, which saves the launch of every kernel; needs compile."""
    data_on_device: Literal["auto", "yes", "no"] = "auto"
    """Hold all training images on the computing device; auto does where they take at most a quarter of its memory."""
    tensorboard: bool = False
    """Write the log and the evaluations for TensorBoard too, to tensorboard/ in the run directory."""

    def __post_init__(self) -> None:
        require_ranges(self, "training")
        require = partial(require_setting, self, "training")
        fits = self.gradient_accumulation <= self.batch_size
        require("gradient_accumulation", fits, f"at most batch_size = {self.batch_size}")
        require("cuda_graphs", self.compile or not self.cuda_graphs, "no, without compile")
        alone = self.gradient_accumulation == 1 or not self.cuda_graphs
        require("gradient_accumulation", alone, "1 with cuda_graphs, whose gradients the next part would overwrite")
        require("warmup_steps", self.warmup_steps <= self.steps, f"at most steps = {self.steps}")
        for name in ("optimizer", "schedule", "precision", "device", "data_on_device"):
            allowed = get_args(get_type_hints(type(self))[name])
            require(name, getattr(self, name) in allowed, f"one of {', '.join(allowed)}")
