"""Quadratic forms ``v'H v`` by parts: Gauss-Newton, and every activation's own (docs/theory.md, eq. 61)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class QuadraticForms:
    """``v'H v`` of some rows v, in nats.

    Attributes
    ----------
    gauss_newton
        ``-|J v|^2 / sigma^2``.
    activations
        ``-(1/sigma^2) sum_u lam_u s''(h_u) (grad h_u . v)^2`` over the units u of each activation.
    """

    gauss_newton: Float[Tensor, " R"]
    activations: Float[Tensor, "S R"]

    @property
    def total(self) -> Float[Tensor, " R"]:
        """``v'H v``."""
        return self.gauss_newton + self.activations.sum(0)

    @property
    def magnitude(self) -> Float[Tensor, " R"]:
        """Sum of the parts' absolute values: what round-off is relative to."""
        return self.gauss_newton.abs() + self.activations.abs().sum(0)
