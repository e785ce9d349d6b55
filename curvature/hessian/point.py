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
from curvature.preconditions import float_tensor, require_finite, require_shape


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
        return cls._evaluated(density, x0, columns_within(memory_budget, density, x0), memory_budget)

    @classmethod
    def _evaluated(cls, density: LogDensity, x0: Tensor, chunk: int, memory_budget: float) -> "DensityPoint":
        value, g = value_and_gradient(density, x0)
        require_finite(value, f"{density.name} at the expansion point")
        require_finite(g, f"gradient of {density.name}")
        return cls(density, x0, float(value), g, chunk, memory_budget)

    def about(self, at: Any) -> "DensityPoint":
        """Return the same density at another point.

        Raises
        ------
        DtypeError, ShapeError, NonFiniteError
            If it is no float event of the same shape, or log p or its gradient is not finite there.
        """
        x0 = require_finite(float_tensor(at, "expansion point"), "expansion point")
        require_shape(x0.shape, self.x0.shape, "expansion point against the one before")
        return self._evaluated(self.density, x0.to(self.x0, copy=True), self.chunk, self.memory_budget)

    def of_part(self, density: LogDensity) -> "DensityPoint":
        """Return a part of this log p at the same point: its derivatives need no more memory than those of all."""
        return self._evaluated(density, self.x0, self.chunk, self.memory_budget)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""
        return tuple(self.x0.shape)

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.x0.numel()
