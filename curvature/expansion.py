"""The second-order expansion of log p about a point (docs/theory.md, eq. 8), for any differentiable log density."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.derivatives import hessian_vector_products, value_and_gradient
from curvature.errors import RouteError, ShapeError
from curvature.independence import require_independent_samples
from curvature.layered.linearisation import Linearisation
from curvature.layered.paths import ROWS_PER_SAMPLE
from curvature.layered.verification import verified_linearisation
from curvature.memory import DEFAULT_MEMORY_BUDGET, columns_within, rows_within
from curvature.moments import Moments
from curvature.precision import LogDensity, LogProb
from curvature.preconditions import float_tensor, require_finite, require_shape
from curvature.tapped import TappedModel
from curvature.trace import Trace, trace

if TYPE_CHECKING:
    from curvature.attribution import Attribution
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
    BatchMixingError
        If log p of a sample depends on the others in its batch.
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
    require_independent_samples(density, x0, float(value))
    linearisation = None
    if density.layers is not None:
        try:
            linearisation = verified_linearisation(density, density.layers, x0, float(value), g)
        except RouteError as error:
            density = replace(density, layers=None, refusal=str(error))
    return Expansion(density, x0, float(value), g, chunk, memory_budget, linearisation)


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
    linearisation
        The model's layers linearised at x0, where it describes them (`curvature_layers`) and they were verified.
    """

    log_prob: LogDensity
    at: Float[Tensor, "*event"]
    value: float
    gradient: Float[Tensor, "*event"]
    chunk: int
    memory_budget: float
    linearisation: Linearisation | None = None
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
    def columns_at_once(self) -> int:
        """Number of columns or tangents to push through the model at once."""
        if self.linearisation is None:
            return self.chunk
        row_bytes = self.linearisation.flow.widest(self.at) * self.at.element_size()
        return rows_within(self.memory_budget, row_bytes)

    @property
    def samples_at_once(self) -> int:
        """Number of samples to see at once, each with its own base point and direction."""
        return self.chunk if self.linearisation is None else max(self.columns_at_once // ROWS_PER_SAMPLE, 1)

    @cached_property
    def tapped_model(self) -> TappedModel | None:
        """The model with taps on its activations, verified at x0; None where that does not apply."""
        try:
            return TappedModel.of(self.log_prob, self.at)
        except RouteError:
            return None

    def require_tapped_model(self) -> TappedModel:
        """Return the model with taps on its activations.

        Raises
        ------
        RouteError
            If it is not made of linear maps and elementwise activations under a Gaussian prior; names the module.
        """
        return self.tapped_model or TappedModel.of(self.log_prob, self.at)

    def require_linearisation(self) -> Linearisation:
        """Return the linearised layers.

        Raises
        ------
        RouteError
            If the model does not describe its layers, or describes others; says why.
        """
        if self.linearisation is None:
            raise RouteError(f"layers of the model: {self.log_prob.refusal}; use 'exact' or 'hvp'")
        return self.linearisation

    @property
    def has_hessian(self) -> bool:
        """Whether the dense Hessian has been computed, so that products with it are cheap."""
        return "hessian" in self._known

    def hvp(self, v: Any) -> Tensor:
        """Multiply H with a vector ``[*event]`` or with the rows of a batch ``[R, *event]``.

        Through the layers where they are known, else by forward-over-reverse differentiation.

        Raises
        ------
        ShapeError, NonFiniteError
            If v is of another shape, or a product is not finite.
        """
        rows, single = self._rows(v, "v")
        Hv = torch.cat([Hv for _, Hv in self.hvp_blocks(rows)]) if len(rows) else rows
        return Hv[0] if single else Hv

    def hvp_blocks(self, rows: Float[Tensor, " R *event"]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(v, H v)`` in blocks of rows that fit the memory budget, through the layers where they are known."""
        if self.linearisation is None:
            yield from self.differentiated_blocks(rows)
            return
        for v in rows.split(self.columns_at_once):
            if len(v):
                yield v, require_finite(self.linearisation.products(v), "Hessian of log p")

    def differentiated_blocks(self, rows: Float[Tensor, " R *event"]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(v, H v)`` by forward-over-reverse differentiation, whatever the model."""
        products = hessian_vector_products(self.log_prob, self.at, rows, self.chunk)
        for v, Hv in zip(rows.split(self.chunk), products, strict=True):
            if len(v):
                yield v, require_finite(Hv, "Hessian of log p")

    def hessian_blocks(self, rows: Float[Tensor, " R *event"]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(v, H v)`` in blocks, from the dense Hessian where it is known."""
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
                h[start : start + len(rows)] = self._forms(rows)
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
        values = self._forms(rows)
        return values[0] if single else values

    def _forms(self, rows: Float[Tensor, " R *event"]) -> Float[Tensor, " R"]:
        """``v'H v`` for every row: from H if it is known, through known layers by a push of tangents alone."""
        if self.linearisation is None or self.has_hessian:
            forms = [(u * Hu).reshape(len(u), self.dim).sum(1) for u, Hu in self.hessian_blocks(rows)]
        else:
            blocks = [block for block in rows.split(self.columns_at_once) if len(block)]
            forms = [require_finite(self.linearisation.forms(v).total, "Hessian of log p") for v in blocks]
        return torch.cat(forms) if forms else self.at.new_empty(0)

    def trace(
        self,
        moments: Moments,
        method: str = "exact",
        *,
        versus: Moments | None = None,
        num_matvecs: int | None = None,
        generator: torch.Generator | int | None = None,
    ) -> Trace:
        """Return ``Tr{H Sigma}`` for the covariance of the moments (docs/theory.md, eq. 10).

        Parameters
        ----------
        moments
            Moments of events of the expansion's shape.
        method
            ``exact``: the cheapest of the following that the model allows, recorded in `Trace.route`.
            ``adjoint``: tangents through the layers that a model describes, with every hidden unit's weight.
            ``jet``: value, tangents and second derivatives through the same layers: an independent check.
            ``tapped``: as `adjoint`, by hooks, for any model of linear maps and elementwise activations.
            ``hvp``: one product by forward-over-reverse differentiation a column, for any model.
            ``dense``: from the dense Hessian.
            ``hutchinson``, ``deflated``: stochastic estimates with a standard error (`curvature.estimators`).
        versus
            Moments whose covariance is subtracted: ``Tr{H (Sigma - Sigma_versus)}`` in one pass over signed columns.
        num_matvecs, generator
            Budget of an estimate, in quadratic forms, and its source of randomness or a seed; for estimates only.

        Raises
        ------
        UnknownNameError, ShapeError, NonFiniteError
            If there is no such method, the moments are of other events, or the Hessian is not finite.
        OptionError
            If an estimate lacks a budget or a generator, or an exact route is given one.
        RouteError
            If the model does not allow the method; says which module is in the way.
        """
        self._require_moments(moments, versus)
        return trace(self, moments, method, versus=versus, num_matvecs=num_matvecs, generator=generator)

    def attribution(self, moments: Moments, versus: Moments | None = None) -> "Attribution":
        """Split ``Tr{H Sigma}`` into its Gauss-Newton part and every activation's; see `curvature.attribution`."""
        from curvature.attribution import attribution

        self._require_moments(moments, versus)
        return attribution(self, moments, versus)

    def spectrum(self, lowest: int = 5, highest: int = 5, seed: int = 0, route: str = "auto") -> "Spectrum":
        """Return the extreme eigenpairs of H, by Lanczos where D is large; see `curvature.spectrum.spectrum`."""
        from curvature.spectrum import spectrum

        return spectrum(self, lowest, highest, seed, route)

    def predict(self, q: Moments, versus: Moments, method: str = "exact", sampling_error: bool = True) -> "Prediction":
        """Predict ``E_q log p - E_p log p`` from the moments of q and p; see `curvature.prediction.predict`."""
        from curvature.prediction import predict

        return predict(self, q, versus, method, sampling_error)

    def _require_moments(self, moments: Moments, versus: Moments | None) -> None:
        """Raise unless the moments are of events of the expansion's shape."""
        for name, given in (("moments", moments), ("versus", versus)):
            if given is not None:
                require_shape(given.event_shape, self.event_shape, f"{name}: event shape against the expansion point")

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
        size = self.columns_at_once
        for start in range(0, self.dim, size):
            stop = min(start + size, self.dim)
            rows = self.at.new_zeros(stop - start, self.dim)
            rows[torch.arange(stop - start), torch.arange(start, stop)] = 1
            yield start, rows.reshape(-1, *self.event_shape)

    def __repr__(self) -> str:
        return f"Expansion(event_shape={self.event_shape}, value={self.value:.6g} nats, dtype={self.at.dtype})"
