"""The protocol of a Hessian of log p at one point, and functions that apply any such Hessian block by block.

A route to the Hessian is one file of this package: a class with this protocol, and a `ROUTE`, which
`curvature.hessian.routes` finds.
"""

from collections.abc import Iterator
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.forms import Part, QuadraticForms
from curvature.hessian.point import DensityPoint
from curvature.preconditions import require_finite

QUANTITY = "Hessian of log p"


class HessianOperator(Protocol):
    """H at x0. Callers pass at most `rows_at_once` rows to a method, or `samples_at_once` to those along paths."""

    @property
    def point(self) -> DensityPoint:
        """The density, x0, and the memory budget."""

    @property
    def route(self) -> str:
        """Name of the route: how quadratic forms are computed."""

    @property
    def along_route(self) -> str:
        """How `along` computes, in words."""

    @property
    def num_matvecs(self) -> int:
        """Number of products with H that `dense` takes."""

    @property
    def form_parts(self) -> tuple[Part, ...]:
        """Parts of a quadratic form that `forms` computes: Gauss-Newton, then every activation; empty if totals only.

        Not the parts of log p itself, each of which has a Hessian of its own (`curvature.log_prob_parts`).
        """

    @property
    def forms_per_product(self) -> int:
        """Cost of a product with H, counted in quadratic forms."""

    @property
    def rows_at_once(self) -> int:
        """Number of rows to pass at once to `products` and `forms`."""

    @property
    def samples_at_once(self) -> int:
        """Number of samples to pass at once to `along`, `slope` and `log_prob`."""

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """Return ``H v`` for every row."""

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """Return ``v'H v`` for every row."""

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return ``d'H(x) d`` for every row, with H at another point x for each."""

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return ``grad log p(x).d`` for every row."""

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return log p of every row in nats, without a graph."""

    def dense(self) -> "MatrixOperator":
        """Return the same Hessian as a matrix: D products with H, after which products are cheap."""

    def with_form_parts(self) -> "HessianOperator":
        """Return an operator of the same Hessian whose `form_parts` are known; raise `RouteError` if there is none."""


class MatrixOperator(HessianOperator, Protocol):
    """A Hessian that is a matrix already."""

    @property
    def matrix(self) -> Float[Tensor, "D D"]:
        """H, symmetric."""


def product_blocks(operator: HessianOperator, rows: Float[Tensor, " R *event"]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(v, H v)`` in blocks of rows that fit the memory budget.

    Raises
    ------
    NonFiniteError
        If a product is not finite.
    """
    for v in rows.split(operator.rows_at_once):
        if len(v):
            yield v, require_finite(operator.products(v), QUANTITY)


def products(operator: HessianOperator, rows: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
    """Return ``H v`` for any number of rows."""
    found = [Hv for _, Hv in product_blocks(operator, rows)]
    return torch.cat(found) if found else rows


def quadratic_forms(operator: HessianOperator, rows: Float[Tensor, " R *event"]) -> Float[Tensor, " R"]:
    """Return ``v'H v`` for any number of rows.

    Raises
    ------
    NonFiniteError
        If a form is not finite.
    """
    blocks = [v for v in rows.split(operator.rows_at_once) if len(v)]
    found = [require_finite(operator.forms(v).total, QUANTITY) for v in blocks]
    return torch.cat(found) if found else rows.new_empty(0)


def diagonal(operator: HessianOperator) -> Float[Tensor, "*event"]:
    """Return the diagonal of H: the quadratic forms of all unit vectors."""
    forms = [quadratic_forms(operator, rows) for _, rows in unit_rows(operator)]
    return torch.cat(forms).reshape(operator.point.event_shape)


def unit_rows(operator: HessianOperator) -> Iterator[tuple[int, Float[Tensor, " R *event"]]]:
    """Yield the unit vectors in blocks, with the index of the first."""
    point, size = operator.point, operator.rows_at_once
    for start in range(0, point.dim, size):
        stop = min(start + size, point.dim)
        rows = point.x0.new_zeros(stop - start, point.dim)
        rows[torch.arange(stop - start), torch.arange(start, stop)] = 1
        yield start, rows.reshape(-1, *point.event_shape)
