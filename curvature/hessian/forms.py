"""Quadratic forms ``v'H v`` and their parts: Gauss-Newton and one for each activation (docs/theory.md, eq. 61)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Part:
    """One summand of ``v'H v``.

    Attributes
    ----------
    name
        ``Gauss-Newton``, or the name of the activation.
    level, step, layer
        The place of an activation, counted from 0; None where the model does not number them.
    """

    name: str
    level: int | None = None
    step: int | None = None
    layer: int | None = None


GAUSS_NEWTON = Part("Gauss-Newton")


@dataclass(frozen=True, eq=False)
class QuadraticForms:
    """``v'H v`` of some rows v, in nats.

    Attributes
    ----------
    total
        ``v'H v``.
    parts
        Its summands, as the operator's `form_parts` names them: first ``-|J v|^2 / sigma^2``, then
        ``-(1/sigma^2) sum_u lam_u s''(h_u) (grad h_u . v)^2`` over the units u of each activation. No rows where the
        operator computes only the total.
    """

    total: Float[Tensor, " R"]
    parts: Float[Tensor, "P R"]

    @classmethod
    def of_total(cls, total: Float[Tensor, " R"]) -> "QuadraticForms":
        """Make forms whose parts are not known."""
        return cls(total, total.new_zeros(0, len(total)))

    @classmethod
    def of_parts(cls, parts: Float[Tensor, "P R"]) -> "QuadraticForms":
        """Make forms as the sums of their parts."""
        return cls(parts.sum(0), parts)

    @property
    def magnitude(self) -> Float[Tensor, " R"]:
        """Sum of the absolute values of the parts; round-off is relative to it."""
        return self.parts.abs().sum(0)
