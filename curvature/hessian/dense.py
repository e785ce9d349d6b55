"""The Hessian as a matrix: D products once, then every product and quadratic form is a matrix product."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from curvature.hessian.forms import Part, QuadraticForms
from curvature.hessian.operator import HessianOperator, product_blocks, unit_rows
from curvature.hessian.point import DensityPoint

ROWS_AT_ONCE = 1024
SYMMETRISED_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class DenseHessian:
    """H as a symmetric matrix, made by `write_out`.

    Attributes
    ----------
    matrix
        H, ``[D, D]``.
    source
        The operator that the matrix was computed with; it computes curvature at other points, and the parts.
    """

    matrix: Float[Tensor, "D D"]
    source: HessianOperator
    route: str = "dense"
    num_matvecs: int = 0
    form_parts: tuple[Part, ...] = ()
    rows_at_once: int = ROWS_AT_ONCE
    forms_per_product: int = 1

    @property
    def point(self) -> DensityPoint:
        """As of `source`."""
        return self.source.point

    @property
    def along_route(self) -> str:
        """As of `source`."""
        return self.source.along_route

    @property
    def samples_at_once(self) -> int:
        """As of `source`."""
        return self.source.samples_at_once

    def products(self, v: Float[Tensor, " R *event"]) -> Float[Tensor, " R *event"]:
        """``H v`` for every row."""
        return (v.reshape(len(v), self.point.dim) @ self.matrix).reshape(v.shape)

    def forms(self, v: Float[Tensor, " R *event"]) -> QuadraticForms:
        """``v'H v`` for every row."""
        return QuadraticForms.of_total(form_of(v, self.products(v)))

    def along(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``d'H(x) d`` for every row."""
        return self.source.along(x, d)

    def slope(self, x: Float[Tensor, " B *event"], d: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """``grad log p(x).d`` for every row."""
        return self.source.slope(x, d)

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p of every row in nats."""
        return self.source.log_prob(x)

    def dense(self) -> "DenseHessian":
        """Return this operator."""
        return self

    def with_form_parts(self) -> HessianOperator:
        """As of `source`."""
        return self.source.with_form_parts()


def write_out(operator: HessianOperator) -> DenseHessian:
    """Compute the dense Hessian, symmetrised: D products with H, D^2 numbers of memory.

    Raises
    ------
    NonFiniteError
        If a product is not finite.
    """
    D = operator.point.dim
    H = operator.point.x0.new_empty(D, D)
    for start, rows in unit_rows(operator):
        for _, Hv in product_blocks(operator, rows):
            H[start : start + len(rows)] = Hv.reshape(len(rows), D)
    return DenseHessian(symmetrised(H), operator)


def pays_to_write_out(operator: HessianOperator, forms: int) -> bool:
    """Whether that many quadratic forms cost more than the D products of the dense Hessian, and it fits in memory."""
    D, point = operator.point.dim, operator.point
    fits = D * D * point.x0.element_size() <= point.memory_budget
    return fits and forms > D * operator.forms_per_product


def worth_writing_out(operator: HessianOperator, forms: int) -> HessianOperator:
    """Return the dense Hessian if that is cheaper for this many quadratic forms, else the operator itself."""
    return operator.dense() if pays_to_write_out(operator, forms) else operator


def symmetrised(H: Float[Tensor, "D D"], size: int = SYMMETRISED_AT_ONCE) -> Float[Tensor, "D D"]:
    """Replace H by ``(H + H') / 2`` block by block, without a second matrix of its size."""
    for i in range(0, len(H), size):
        for j in range(0, i + 1, size):
            rows, columns = slice(i, i + size), slice(j, j + size)
            mean = (H[rows, columns] + H[columns, rows].T) / 2
            H[rows, columns], H[columns, rows] = mean, mean.T
    return H


def form_of(v: Float[Tensor, " R *event"], Hv: Float[Tensor, " R *event"]) -> Float[Tensor, " R"]:
    """``v'H v`` from v and ``H v``, a row at a time."""
    return (v * Hv).reshape(len(v), v[:1].numel()).sum(1)
