"""The Hessian of log p at one point, by products, quadratic forms, or dense, on the fastest way the model allows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import RouteError, ShapeError
from curvature.hessian.derivatives import hessian_vector_products
from curvature.hessian.layered.linearisation import Linearisation
from curvature.hessian.layered.paths import ROWS_PER_SAMPLE
from curvature.hessian.tapped import TappedModel
from curvature.memory import rows_within
from curvature.precision import LogDensity
from curvature.preconditions import float_tensor, require_finite


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SecondOrder:
    """H at x0.

    Attributes
    ----------
    log_prob
        The density in the precision of x0, ``[B, *event] -> [B]``.
    at
        The point x0.
    chunk
        Number of tangents or samples differentiated at once.
    memory_budget
        Bytes that the chunk was chosen for.
    linearisation
        The model's layers linearised at x0, where it describes them (`curvature_layers`) and they were verified.
    """

    log_prob: LogDensity
    at: Float[Tensor, "*event"]
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
            self._known["hessian"] = symmetrised(H)
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


def symmetrised(H: Float[Tensor, "D D"], size: int = 512) -> Float[Tensor, "D D"]:
    """Replace H by ``(H + H') / 2`` block by block, without a second matrix of its size."""
    for i in range(0, len(H), size):
        for j in range(0, i + 1, size):
            rows, columns = slice(i, i + size), slice(j, j + size)
            mean = (H[rows, columns] + H[columns, rows].T) / 2
            H[rows, columns], H[columns, rows] = mean, mean.T
    return H
