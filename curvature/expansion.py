"""The second-order expansion of log p about a point (docs/theory.md, eq. 8), for any differentiable log density."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.derivatives import hessian_vector_products, value_and_gradient
from curvature.errors import OptionError, ShapeError
from curvature.layered.paths import ROWS_PER_SAMPLE
from curvature.memory import DEFAULT_MEMORY_BUDGET, columns_within, rows_within
from curvature.moments import Moments
from curvature.precision import LogDensity, LogProb
from curvature.preconditions import float_tensor, require_finite, require_shape
from curvature.trace import Trace, trace

if TYPE_CHECKING:
    from curvature.prediction import Prediction
    from curvature.spectrum import Spectrum


def expand(
    log_prob: LogProb,
    at: Any,
    *,
    memory_budget: float = DEFAULT_MEMORY_BUDGET,
    dtype: torch.dtype = torch.float64,
) -> "Expansion":
    """Expand log p to second order about a point.

    Parameters
    ----------
    log_prob
        A module with a method `log_prob`, a bound method of a module, or any function ``[B, *event] -> [B]`` in nats.
        A module is copied to `dtype` and left as it is; a function must compute in `dtype` by itself.
    at
        The expansion point x0, one event of floats in the units of the model's input.
    memory_budget
        Bytes that differentiation may use beyond the model and the results; work is cut into chunks to fit.
    dtype
        Precision of everything; float64 whatever the model was trained in.

    Returns
    -------
    Expansion
        On the model's device, or that of `at` if log_prob is a plain function.

    Raises
    ------
    TrainingModeError, UninitialisedError
        If the model is not ready to be evaluated.
    DtypeError, ShapeError, OptionError
        If `at` is no float event, or log_prob is not a differentiable function ``[B, *event] -> [B]`` in `dtype`.
    NonFiniteError
        If the point, log p or its gradient is not finite.
    """
    density = LogDensity.of(log_prob, dtype)
    x0 = require_finite(float_tensor(at, "expansion point"), "expansion point")
    x0 = x0.to(density.device or x0.device, dtype, copy=True)
    chunk = columns_within(memory_budget, density, x0)
    value, g = value_and_gradient(density, x0)
    require_finite(value, "log p at the expansion point")
    require_finite(g, "gradient of log p")
    return Expansion(density, x0, float(value), g, chunk, memory_budget)


@dataclass(frozen=True, eq=False, repr=False)
class Expansion:
    """``log p(x) ~ log p(x0) + g.d + 1/2 d'H d`` with ``d = x - x0``; made by `expand`.

    Attributes
    ----------
    log_prob
        The density in the expansion's precision, ``[B, *event] -> [B]``.
    at
        The expansion point x0.
    value
        log p(x0) in nats.
    gradient
        g at x0, in nats per unit of the input.
    chunk
        Number of tangents or samples differentiated at once.
    memory_budget
        Bytes that the chunk was chosen for.
    """

    log_prob: LogDensity
    at: Float[Tensor, "*event"]
    value: float
    gradient: Float[Tensor, "*event"]
    chunk: int
    memory_budget: float
    _known: dict[str, Tensor] = field(default_factory=dict)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""
        return tuple(self.at.shape)

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.at.numel()

    @cached_property
    def samples_at_once(self) -> int:
        """Number of samples to see at once, each with its own base point and direction."""
        layers = self.log_prob.layers
        if layers is None:
            return self.chunk
        row_bytes = layers.widest(self.at) * self.at.element_size()
        return max(rows_within(self.memory_budget, row_bytes) // ROWS_PER_SAMPLE, 1)

    @property
    def has_hessian(self) -> bool:
        """Whether the dense Hessian has been computed, so that products with it are cheap."""
        return "hessian" in self._known

    def hvp(self, v: Any) -> Tensor:
        """Multiply H with a vector ``[*event]`` or with the rows of a batch ``[R, *event]``, by differentiation.

        Raises
        ------
        ShapeError, NonFiniteError
            If v is of another shape, or a product is not finite.
        """
        rows, single = self._rows(v, "v")
        Hv = torch.cat([Hv for _, Hv in self.hvp_blocks(rows)]) if len(rows) else rows
        return Hv[0] if single else Hv

    def hvp_blocks(self, rows: Float[Tensor, " R *event"]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(v, H v)`` by differentiation, in blocks of rows that fit the memory budget."""
        products = hessian_vector_products(self.log_prob, self.at, rows, self.chunk)
        for v, Hv in zip(rows.split(self.chunk), products, strict=True):
            if len(v):
                yield v, require_finite(Hv, "Hessian of log p")

    def hessian_blocks(self, rows: Float[Tensor, " R *event"]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(v, H v)`` in blocks, from the dense Hessian where it is known, else by differentiation."""
        if not self.has_hessian:
            yield from self.hvp_blocks(rows)
            return
        H = self._known["hessian"]
        for v in rows.split(1024):
            yield v, (v.reshape(len(v), self.dim) @ H).reshape(v.shape)

    def hessian(self) -> Float[Tensor, "D D"]:
        """Return the dense Hessian, symmetrised; kept, so it is computed once (D products with H, D^2 numbers)."""
        if not self.has_hessian:
            H = self.at.new_empty(self.dim, self.dim)
            for start, rows in self._unit_rows():
                for _, Hv in self.hvp_blocks(rows):
                    H[start : start + len(rows)] = Hv.reshape(len(rows), self.dim)
            self._known["hessian"] = (H + H.T) / 2
        return self._known["hessian"]

    def diagonal(self) -> Float[Tensor, "*event"]:
        """Return the exact diagonal of H: D products with H, but only D numbers of memory; kept."""
        if self.has_hessian:
            return self.hessian().diagonal().clone().reshape(self.event_shape)
        if "diagonal" not in self._known:
            h = self.at.new_empty(self.dim)
            for start, rows in self._unit_rows():
                for v, Hv in self.hvp_blocks(rows):
                    h[start : start + len(rows)] = (v * Hv).reshape(len(rows), self.dim).sum(1)
            self._known["diagonal"] = h.reshape(self.event_shape)
        return self._known["diagonal"]

    def quadratic(self, v: Any) -> Tensor:
        """Return ``v'H v`` for a vector (a 0-d tensor) or for each row of a batch ``[R]``.

        Raises
        ------
        ShapeError, NonFiniteError
            If v is of another shape, or a product is not finite.
        """
        rows, single = self._rows(v, "v")
        forms = [(u * Hu).reshape(len(u), self.dim).sum(1) for u, Hu in self.hessian_blocks(rows)]
        values = torch.cat(forms) if forms else self.at.new_empty(0)
        return values[0] if single else values

    def trace(
        self,
        moments: Moments,
        method: str = "exact",
        *,
        num_matvecs: int | None = None,
        generator: torch.Generator | int | None = None,
    ) -> Trace:
        """Return ``Tr{H Sigma}`` for the covariance of the moments (docs/theory.md, eq. 10).

        Parameters
        ----------
        moments
            Moments of events of the expansion's shape.
        method
            ``hvp``: one Hessian-vector product a column of the factor; ``dense``: from the dense Hessian; ``exact``:
            the cheaper one, recorded in `Trace.route`; ``hutchinson``, ``deflated``: stochastic estimates with a
            standard error (`curvature.estimators`).
        num_matvecs, generator
            Budget of an estimate, in quadratic forms, and its source of randomness or a seed; for estimates only.

        Raises
        ------
        UnknownNameError, ShapeError, NonFiniteError
            If there is no such method, the moments are of other events, or the Hessian is not finite.
        OptionError
            If an estimate lacks a budget or a generator, or an exact route is given one.
        """
        require_shape(moments.event_shape, self.event_shape, "moments: event shape against the expansion point")
        from curvature.estimators import ESTIMATORS

        if method in ESTIMATORS:
            return ESTIMATORS[method](self, moments, num_matvecs, generator)
        if num_matvecs is not None or generator is not None:
            raise OptionError(f"trace: {method!r} takes no num_matvecs and no generator; did you mean 'deflated'?")
        return trace(self, moments, method)

    def spectrum(self, lowest: int = 5, highest: int = 5, seed: int = 0) -> "Spectrum":
        """Return the extreme eigenpairs of H by Lanczos; see `curvature.spectrum.spectrum`."""
        from curvature.spectrum import spectrum

        return spectrum(self, lowest, highest, seed)

    def predict(self, q: Moments, versus: Moments, method: str = "exact", sampling_error: bool = True) -> "Prediction":
        """Predict ``E_q log p - E_p log p`` from the moments of q and p; see `curvature.prediction.predict`."""
        from curvature.prediction import predict

        return predict(self, q, versus, method, sampling_error)

    def _rows(self, v: Any, name: str) -> tuple[Tensor, bool]:
        """Bring one vector or a batch of them to a batch on the expansion's device and dtype."""
        rows = float_tensor(v, name).to(self.at)
        if rows.shape == self.at.shape:
            return rows[None], True
        if rows.shape[1:] != self.at.shape or rows.ndim != self.at.ndim + 1:
            raise ShapeError(
                f"{name}: expected shape {self.event_shape} or [R, *{self.event_shape}], got {tuple(rows.shape)}"
            )
        return rows, False

    def _unit_rows(self) -> Iterator[tuple[int, Tensor]]:
        """Yield the unit vectors in chunks, with the index of the first."""
        for start in range(0, self.dim, self.chunk):
            stop = min(start + self.chunk, self.dim)
            rows = self.at.new_zeros(stop - start, self.dim)
            rows[torch.arange(stop - start), torch.arange(start, stop)] = 1
            yield start, rows.reshape(-1, *self.event_shape)

    def __repr__(self) -> str:
        return f"Expansion(event_shape={self.event_shape}, value={self.value:.6g} nats, dtype={self.at.dtype})"
