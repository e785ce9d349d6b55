"""What TensorFloat-32 would do to log p: factors of float32 convolutions rounded to 10 bits by hand, on the CPU.

Reference models on 64 test images each. `mean_shift` and `largest_shift` are differences to float64 in bits per
dimension; `rounded` says which convolutions get rounded factors: none, all, the 1x1 convolutions that mix the channels
of every pixel, or those of the coupling networks.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from analysis.inputs import parse_input_set
from benchmarks.row import Row
from benchmarks.setting import Setting
from curvature.units import bits_per_dim
from experiments.data.stored_sets import find_split
from experiments.paper.reference_models.loading import load_model
from experiments.study.samples import load_inputs

MODELS, IMAGES, BITS_DROPPED = ("cifar10", "mnist"), 64, 13


def is_mixing(weight: Tensor) -> bool:
    """Whether a kernel is that of a flow's own 1x1 convolution: those of networks have more channels on one side."""
    return weight.shape[0] == weight.shape[1] < 64 and weight.shape[2:] == (1, 1)


ROUNDED: Mapping[str, Callable[[Tensor], bool]] = {
    "none": lambda weight: False,
    "all": lambda weight: True,
    "mixing of channels": is_mixing,
    "coupling networks": lambda weight: not is_mixing(weight),
}


def unavailable(setting: Setting) -> str | None:
    """Why this cannot run here, in one line; None if it can."""
    missing = [name for name in MODELS if find_split(name, "test") is None or find_split(name, "train") is None]
    return f"needs the images of {', '.join(missing)} (likelihood-curvature data fetch)" if missing else None


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [row for name in MODELS for row in table(name)]


def table(name: str) -> list[Row]:
    """One row for each choice of what is rounded."""
    trained = load_model(name)
    x = load_inputs(parse_input_set(f"{name}/test"), IMAGES, trained.train_images.event_shape, seed=0)
    model = trained.model
    exact = bits_per_dim(log_prob(copy.deepcopy(model).double(), x), model.dim)
    rows: list[Row] = []
    for label, rounds in ROUNDED.items():
        with RoundedConvolutions(rounds):
            found = log_prob(model, x.float())
        shift = bits_per_dim(found.double(), model.dim) - exact
        largest = float(shift.abs().max())
        rows.append({"model": name, "rounded": label, "mean_shift": float(shift.mean()), "largest_shift": largest})
    return rows


@torch.no_grad()
def log_prob(model: Any, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
    log_p: Tensor = model.log_prob(x)
    return log_p


class RoundedConvolutions(TorchDispatchMode):
    """Rounds both factors of those float32 convolutions whose kernel is chosen."""

    def __init__(self, rounds: Callable[[Tensor], bool]) -> None:
        super().__init__()
        self.rounds = rounds

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten.convolution.default and args[1].dtype == torch.float32 and self.rounds(args[1]):
            args = (to_tf32(args[0]), to_tf32(args[1]), *args[2:])
        return func(*args, **(kwargs or {}))


def to_tf32(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Round float32 numbers to the nearest with 10 bits of mantissa, ties to even."""
    bits = x.contiguous().view(torch.int32)
    half, last = (1 << (BITS_DROPPED - 1)) - 1, (bits >> BITS_DROPPED) & 1
    return ((bits + half + last) & ~((1 << BITS_DROPPED) - 1)).view(torch.float32)
