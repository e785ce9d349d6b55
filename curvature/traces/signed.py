"""Covariances and differences of covariances as signed sums of outer products, ``B diag(s) B'``."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.moments import Moments


@dataclass(frozen=True, eq=False)
class SignedFactor:
    """``Sigma = sum_r s_r b_r b_r'``.

    Attributes
    ----------
    rows
        The columns b_r of B as events.
    signs
        s_r, each 1 or -1; None if all are 1.
    """

    rows: Float[Tensor, " R *event"]
    signs: Float[Tensor, " R"] | None = None

    @classmethod
    def of(cls, q: Moments, versus: Moments | None, like: Tensor) -> "SignedFactor":
        """Factor ``Sigma_q``, or ``Sigma_q - Sigma_versus``, on the device and in the dtype of `like`.

        A difference takes the columns of both factors if they are no more than D, else the eigenvectors of the
        difference, at most D.
        """
        if versus is None:
            return cls(q.columns().to(like))
        D, (F, G) = q.dim, (q.factor, versus.factor.to(q.factor))
        if F.shape[1] + G.shape[1] <= D:
            signs = torch.cat([F.new_ones(F.shape[1]), -F.new_ones(G.shape[1])])
            columns = torch.cat([F, G], dim=1)
        else:
            eigenvalues, U = torch.linalg.eigh(F @ F.T - G @ G.T)
            # Eigenvalues at the round-off of the two terms cannot be told from zero.
            roundoff = torch.finfo(F.dtype).eps * max(float(F.square().sum()), float(G.square().sum()))
            keep = eigenvalues.abs() > roundoff
            columns, signs = U[:, keep] * eigenvalues[keep].abs().sqrt(), eigenvalues[keep].sign()
        return cls(columns.T.reshape(-1, *q.event_shape).to(like), signs.to(like))

    def __len__(self) -> int:
        return len(self.rows)

    def weigh(self, forms: Float[Tensor, "*parts R"]) -> Float[Tensor, "*parts R"]:
        """Multiply one number for each column by the sign of the column."""
        return forms if self.signs is None else forms * self.signs

    def split(self, size: int) -> list["SignedFactor"]:
        """Cut into blocks of at most `size` columns; none if there are no columns."""
        if not len(self.rows):
            return []
        signs: list[Tensor | None] = [*self.signs.split(size)] if self.signs is not None else []
        blocks = self.rows.split(size)
        return [SignedFactor(b, s) for b, s in zip(blocks, signs or [None] * len(blocks), strict=True)]
