"""A log density at one point, with its value, its gradient and a block size: where every route to H starts."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.derivatives import value_and_gradient
from curvature.hessian.inspection import inspected
from curvature.memory import columns_within
from curvature.precision import LogDensity, LogProb
from curvature.preconditions import float_tensor, require_finite


@dataclass(frozen=True, eq=False)
class DensityPoint:
    """log p, its value and its gradient at x0.

    Attributes
    ----------
    density
        log p in the precision of x0, ``[B, *event] -> [B]`` nats.
    x0
        The point.
    value
        log p(x0) in nats.
    gradient
        Gradient g of log p at x0, in nats per unit of the input.
    chunk
        Number of tangents or samples to differentiate at once within the memory budget.
    memory_budget
        Bytes that differentiation may use beyond the model and the results.
    """

    density: LogDensity
    x0: Float[Tensor, "*event"]
    value: float
    gradient: Float[Tensor, "*event"]
    chunk: int
    memory_budget: float

    @classmethod
    def of(cls, log_prob: LogProb, at: Any, memory_budget: float, dtype: torch.dtype) -> "DensityPoint":
        """Evaluate log p and its gradient at a point, and check that both make sense; see `curvature.expand`.

        Raises
        ------
        ToolkitError
            Of the kinds that `curvature.expand` raises.
        """
        density = LogDensity.of(log_prob, dtype)
        x0 = require_finite(float_tensor(at, "expansion point"), "expansion point")
        x0 = x0.to(density.device or x0.device, dtype, copy=True)
        density = inspected(density, x0)
        chunk = columns_within(memory_budget, density, x0)
        value, g = value_and_gradient(density, x0)
        require_finite(value, "log p at the expansion point")
        require_finite(g, "gradient of log p")
        return cls(density, x0, float(value), g, chunk, memory_budget)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""
        return tuple(self.x0.shape)

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.x0.numel()
