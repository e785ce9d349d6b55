"""Which operations of torch a log density is made of, as far as they matter for its derivatives."""

from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from curvature.precision import LogDensity

ROUNDING = {"round", "floor", "ceil", "trunc", "sign", "bucketize", "searchsorted", "floor_divide"}
FUSED_ATTENTION = "_scaled_dot_product"


@dataclass
class Operations(TorchDispatchMode):
    """Record of what runs, made by `operations_of`.

    Attributes
    ----------
    rounding
        Names of operations whose derivative is zero although they change their input.
    lower_precision
        Precisions below the input's that floats were cast to.
    has_fused_attention
        Whether attention was computed by a fused kernel, which has no second derivative.
    """

    rounding: set[str] = field(default_factory=set)
    lower_precision: set[str] = field(default_factory=set)
    has_fused_attention: bool = False

    def __post_init__(self) -> None:
        TorchDispatchMode.__init__(self)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name in ROUNDING:
            self.rounding.add(name)
        elif name == "_to_copy":
            self._note_cast(args[0], kwargs.get("dtype"))
        elif name.startswith(FUSED_ATTENTION):
            self.has_fused_attention = True
        return func(*args, **kwargs)

    def _note_cast(self, tensor: Tensor, dtype: torch.dtype | None) -> None:
        if dtype is None or not tensor.is_floating_point():
            return
        name = str(dtype).removeprefix("torch.")
        if not dtype.is_floating_point:
            self.rounding.add(f"cast to {name}")
        elif tensor.ndim and torch.finfo(dtype).eps > torch.finfo(tensor.dtype).eps:
            self.lower_precision.add(name)


def operations_of(density: LogDensity, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Operations]:
    """Evaluate a density as it is differentiated; return its values and what ran."""
    operations = Operations()
    with torch.enable_grad(), operations:
        log_p = density(x)
    return log_p, operations
